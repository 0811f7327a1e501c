//! The version of the store's own tables.

use crate::inbox::StoreError;
use crate::inbox::sql::{SqlDatabase, SqlInbox, Statement, error};

/// Raised with every change of the tables; version n reads n-1.
const VERSION: i64 = 1;

/// Creates the tables, or refuses those of a newer version.
pub(super) async fn prepare<D: SqlDatabase>(store: &SqlInbox<D>) -> Result<(), StoreError> {
    let mut tx = store.writer().begin_with(D::BEGIN).await.map_err(error::store)?;
    D::create(&mut tx, store.schema()).await.map_err(error::store)?;
    match version::<D>(&mut tx).await? {
        None => {
            let write = "insert into tidegate_schema (version) values ($1)";
            Statement::<D>::new(write).number(VERSION).run(&mut tx).await?;
        }
        Some(version) if version > VERSION => {
            return Err(StoreError::Broken(format!(
                "its tables are of version {version}, this program knows {VERSION}: start the newer program"
            )));
        }
        Some(_) => {}
    }
    tx.commit().await.map_err(error::store)
}

async fn version<D: SqlDatabase>(tx: &mut D::Connection) -> Result<Option<i64>, StoreError> {
    let row = Statement::<D>::new("select version from tidegate_schema").row(tx).await?;
    row.map_or(Ok(None), |row| D::number(&row, "version").map_err(error::store))
}
