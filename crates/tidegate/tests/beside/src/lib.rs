//! A handler as a user of sqlx writes it: with the derives, and with helpers that are generic over the executor.

use tidegate::prelude::*;

/// What the handler hears.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub struct OrderPlaced {
    id: String,
    total: i64,
}

impl Event for OrderPlaced {
    const TYPE: &'static str = "order.placed";
    fn key(&self) -> Key<'_> {
        Key::from(&self.id)
    }
}

#[derive(Debug, sqlx::FromRow)]
struct Account {
    balance: i64,
}

/// The macros of sqlx ask an executor for exactly this.
async fn columns<'c>(executor: impl sqlx::Executor<'c, Database = Sqlite>) -> sqlx::Result<usize> {
    let statement = sqlx::AssertSqlSafe("select balance from account");
    let described = executor.describe(sqlx::SqlSafeStr::into_sql_str(statement)).await?;
    Ok(described.columns().len())
}

async fn book(
    Payload(order): Payload<OrderPlaced>,
    mut tx: Inbox<Sqlite>,
) -> Result<(), sqlx::Error> {
    let account: Account =
        sqlx::query_as("select balance from account").fetch_one(&mut *tx).await?;
    debug_assert_eq!(columns(&mut *tx).await?, 1);
    let update = sqlx::query("update account set balance = ?");
    update.bind(account.balance - order.total).execute(&mut *tx).await?;
    Ok(())
}

/// The service compiles, which is what is asked.
pub fn service(broker: Broker, database: std::sync::Arc<SqliteInbox>) -> Service {
    Service::new("beside", broker).route(Topic::json("orders").on(book).inbox(database))
}
