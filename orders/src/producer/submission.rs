//! A request that brings orders.

use std::sync::Arc;

use axum::RequestExt;
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use super::Producer;
use super::conditions::Simulate;
use super::counts::Refusal;
use crate::http::{Correlation, Json, Reply};

/// What came, read; what cannot be is answered, and counted as an order that was refused.
#[derive(Debug)]
pub(super) struct Submission<T> {
    pub(super) correlation: Correlation,
    pub(super) simulate: Simulate,
    pub(super) body: T,
}

impl<T: DeserializeOwned> FromRequest<Arc<Producer>> for Submission<T> {
    type Rejection = Reply;

    async fn from_request(request: Request, app: &Arc<Producer>) -> Result<Self, Reply> {
        let read = Self::read(request, app).await;
        read.inspect_err(|reply| app.counts.refused(Refusal::of_request(reply.status()), 1))
    }
}

impl<T: DeserializeOwned> Submission<T> {
    async fn read(mut request: Request, app: &Arc<Producer>) -> Result<Self, Reply> {
        let correlation = request.extract_parts().await.unwrap_or_else(|never| match never {});
        let simulate = request.extract_parts_with_state(app).await?;
        let Json(body) = Json::from_request(request, app).await?;
        Ok(Self { correlation, simulate, body })
    }
}
