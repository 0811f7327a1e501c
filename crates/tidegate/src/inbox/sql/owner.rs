//! The owner row of a partition (rule 10).
//!
//! ```text
//!   effect:  BEGIN · statements · read the row, and keep it from changing · marker · COMMIT
//!   raise:                       epoch + 1: waits for those that keep it
//! ```
//!
//! An effect reads the row as late as it can and keeps it from changing until its transaction ends (SQLite: the one write
//! lock; PostgreSQL: `for share`). So of an effect and a raise one is first: either the effect is committed before the raise
//! returns, and the next owner's claims see its marker, or the effect reads the raised epoch and is refused.

use crate::inbox::sql::{SqlDatabase, Statement, error};
use crate::inbox::{Claim, StoreError};
use crate::message::TopicPartition;

/// Raises the row, and gives the new epoch.
pub(super) async fn raise<D: SqlDatabase>(
    connection: &mut D::Connection,
    group: &str,
    at: &TopicPartition,
) -> Result<i64, StoreError> {
    let row = Statement::<D>::new(
        "insert into tidegate_owner (grp, topic, partition, epoch) values ($1, $2, $3, 1)
         on conflict (grp, topic, partition) do update set epoch = tidegate_owner.epoch + 1 returning epoch",
    )
    .text(group)
    .text(at.topic.as_str())
    .number(i64::from(at.partition.0))
    .row(connection)
    .await?
    .ok_or_else(|| StoreError::Broken("an owner row was not written".to_owned()))?;
    let epoch = D::number(&row, "epoch").map_err(error::store)?;
    epoch.ok_or_else(|| StoreError::Broken("an owner row has no epoch".to_owned()))
}

/// The effect happens only under the owner that claimed it, and only in the transaction that began with it.
pub(super) async fn check<D: SqlDatabase>(
    tx: &mut D::Connection,
    claim: &Claim,
) -> Result<(), StoreError> {
    let at = &claim.partition;
    let row = Statement::<D>::new(D::OWNER)
        .text(claim.group.as_str())
        .text(at.topic.as_str())
        .number(i64::from(at.partition.0))
        .row(tx)
        .await?
        .ok_or(StoreError::Fenced)?;
    if D::number(&row, "epoch").map_err(error::store)? != Some(claim.owner_epoch) {
        return Err(StoreError::Fenced);
    }
    if D::number(&row, "open").map_err(error::store)? != Some(1) {
        return Err(StoreError::Unavailable(
            "the handler's transaction was ended before the handler returned: its marker cannot be written with its effect"
                .to_owned(),
        ));
    }
    Ok(())
}
