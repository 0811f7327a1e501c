//! How long a member may be silent, where the group's own setting says so.

use std::time::Duration;

use rdkafka::admin::{ConfigResource, ResourceSpecifier};

use super::GroupProtocol;
use super::admin::options;
use super::cluster::Cluster;
use super::error;
use super::waiting::wait;
use crate::broker::BrokerError;

/// The group's setting, in milliseconds.
const SESSION: &str = "consumer.session.timeout.ms";

impl Cluster {
    /// Under the newer protocol (KIP-848) the group's session; `None` under the older one, where the member says it, and
    /// where the cluster does not show it.
    pub(super) fn session(&self, group: &str) -> Result<Option<Duration>, BrokerError> {
        if self.options.protocol == GroupProtocol::Classic {
            return Ok(None);
        }
        let asked = [ResourceSpecifier::Group(group)];
        let answers = match wait(self.admin.describe_configs(&asked, &options())) {
            Ok(answers) => answers,
            Err(e) if error::code(&e).is_some_and(error::is_denied) => Vec::new(),
            Err(e) => return Err(self.question(&e)),
        };
        let session = answers.iter().flatten().find_map(of_config);
        if session.is_none() {
            tracing::warn!(
                group,
                "the group's {SESSION} is not shown to this user, who lacks the ACL DescribeConfigs on the group, or the \
                 cluster is too old: the service's session_timeout must not be longer"
            );
        }
        Ok(session)
    }
}

fn of_config(resource: &ConfigResource) -> Option<Duration> {
    let millis = resource.get(SESSION)?.value.as_ref()?.parse().ok()?;
    Some(Duration::from_millis(millis))
}
