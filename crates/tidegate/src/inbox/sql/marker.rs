//! The marker of an event: that it is done, or dead and as which letter.

use jiff::Timestamp;

use crate::event::EventId;
use crate::inbox::sql::{SqlDatabase, Statement, error};
use crate::inbox::{Claim, Marker, StoreError};

/// What the marker says; `None`: there is none.
pub(super) async fn find<D: SqlDatabase>(
    connection: &mut D::Connection,
    group: &str,
    handler: &str,
    event_id: &EventId,
) -> Result<Option<Marker>, StoreError> {
    let row = Statement::<D>::new(
        "select state, letter from tidegate_marker where grp = $1 and handler = $2 and event_id = $3",
    )
    .text(group)
    .text(handler)
    .text(event_id.as_str())
    .row(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let state = D::text(&row, "state").map_err(error::store)?;
    let letter = D::text(&row, "letter").map_err(error::store)?;
    Ok(Some(match state.as_deref() {
        Some("done") => Marker::Done,
        _ => Marker::Dead { letter: letter.unwrap_or_default() },
    }))
}

/// `Done` beats `Dead`, and nothing replaces `Done` (rule 25). A letter replaces only the one that the claim knew: a
/// twin of the record that was dead-lettered meanwhile has had its dead-letter handler's effect (rule 31).
///
/// Where several write at once, the insert waits for a twin that has written its marker and not committed it yet, and
/// then meets that marker as it was committed.
pub(super) async fn write<D: SqlDatabase>(
    tx: &mut D::Connection,
    claim: &Claim,
    known: Option<&str>,
    marker: &Marker,
) -> Result<(), StoreError> {
    let (state, letter) = match marker {
        Marker::Done => ("done", None),
        Marker::Dead { letter } => ("dead", Some(letter.as_str())),
    };
    let written = Statement::<D>::of(
        claim,
        "insert into tidegate_marker (grp, handler, event_id, state, letter, at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (grp, handler, event_id)
         do update set state = excluded.state, letter = excluded.letter, at = excluded.at
         where tidegate_marker.state = 'dead'
           and (excluded.state = 'done' or tidegate_marker.letter is not distinct from $7)",
    )
    .text(state)
    .text(letter)
    .number(Timestamp::now().as_millisecond())
    .text(known)
    .run(tx)
    .await?;
    if written == 0 { Err(StoreError::Duplicate) } else { Ok(()) }
}
