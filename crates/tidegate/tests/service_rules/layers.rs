//! User layers cannot break what the runtime promises.

use std::sync::{Arc, Mutex};

use tidegate::class::Class;
use tidegate::delivery::Delivery;
use tidegate::prelude::*;
use tidegate::testing::Saw;

use crate::common::{Do, record};
use crate::inbox::{Bench, note};
use crate::looking::Look;
use crate::stores::{Db, on_each_store};

on_each_store!(a_layer_that_keeps_the_delivery_of_a_failed_attempt_does_not_keep_its_transaction,);

async fn a_layer_that_keeps_the_delivery_of_a_failed_attempt_does_not_keep_its_transaction<
    D: Db,
>() {
    let bench = Bench::<D>::new(&[Do::Fail(Class::Transient), Do::Work]).await;
    // For a log that is written later, say.
    let kept = Arc::<Mutex<Vec<Delivery>>>::default();
    let keep = Look(move |delivery: &Delivery| kept.lock().unwrap().push(delivery.clone()));
    let t = bench.start_with(Topic::json("orders").on(note::<D>).layer(keep)).await;
    t.publish_record(record("orders", "e-1", "a")).await;
    t.settled().await;
    assert_eq!(t.outcomes("e-1"), [Saw::Retried, Saw::Done]);
    assert_eq!(bench.rows("notes").await, 1);
    t.assert_conserved();
}
