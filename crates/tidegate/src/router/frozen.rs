//! The routes as the runtime drives them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::broker::BoxFuture;
use crate::class::{Class, Failure};
use crate::dead_letter::Origin;
use crate::delivery::Delivery;
use crate::emit::{Derivation, Emits, derived_id};
use crate::event::Stamp;
use crate::inbox::InboxStore;
use crate::layer::HandlerService;
use crate::message::{NewRecord, Record, TopicName};
use crate::outcome::Outcome;
use crate::policy::{Order, PolicyId, Retry, RoutePolicy};
use crate::router::Unknown;
use crate::router::endpoint::{Endpoint, Routed};
use crate::router::identity::{ReadEnvelope, identify, of_type};
use crate::router::table::TopicTable;

/// The handler's name for records that say no type.
const UNDECODABLE: &str = "undecodable";

/// Frozen routes: `targets[n]` is what policy `n` runs.
#[derive(Default)]
pub(super) struct Frozen {
    topics: HashMap<TopicName, Lookup>,
    /// In the order in which they were written down.
    names: Vec<TopicName>,
    policies: Vec<RoutePolicy>,
    targets: Vec<Target>,
}

/// How one topic's records find their policy.
struct Lookup {
    envelope: ReadEnvelope,
    handled: HashMap<&'static str, Handled>,
    skipped: HashSet<String>,
    unknown: Unknown,
    skip: PolicyId,
    refuse: PolicyId,
}

/// The policy of a type that a handler takes.
struct Handled {
    policy: PolicyId,
    /// The handler's name.
    handler: Arc<str>,
    event_type: Arc<str>,
}

/// What a policy runs.
enum Target {
    Handler {
        name: Arc<str>,
        service: HandlerService,
        dead: Option<HandlerService>,
        store: Option<Arc<dyn InboxStore>>,
    },
    Skip,
    /// No handler: unknown type, or none.
    Refuse,
}

impl Frozen {
    /// From tables without findings. Tables of one topic are taken together.
    pub(super) fn new(tables: Vec<TopicTable<()>>) -> Self {
        let mut frozen = Self::default();
        for table in tables {
            frozen.add(table);
        }
        for name in frozen.names.clone() {
            frozen.close(&name);
        }
        frozen
    }

    fn add(&mut self, table: TopicTable<()>) {
        let name = TopicName::new(table.topic).expect("checked: an illegal name is a finding");
        if !self.topics.contains_key(&name) {
            self.names.push(name.clone());
            self.topics.insert(name.clone(), Lookup::new(table.envelope));
        }
        let mut handled = Vec::new();
        for route in table.routes {
            let (event_type, handler) = (route.event_type, Arc::<str>::from(route.name.as_str()));
            let (policy, store) = (route.policy.clone(), route.store.clone());
            let (service, dead) = route.into_services();
            let target = Target::Handler { name: handler.clone(), service, dead, store };
            let id = self.push(policy, target);
            let known = Handled { policy: id, handler, event_type: event_type.into() };
            handled.push((event_type, known));
        }
        let lookup = self.topics.get_mut(&name).expect("inserted above");
        lookup.handled.extend(handled);
        lookup.skipped.extend(table.skip);
        lookup.unknown = table.unknown.unwrap_or(lookup.unknown);
    }

    /// Adds the policies of records that no handler takes.
    fn close(&mut self, name: &TopicName) {
        // As strict as the topic's strictest handler: a dead letter keeps its place among the others.
        let has = |order| {
            let mut ids = self.topics[name].handled.values();
            ids.any(|known| self.policies[known.policy.0].order == order)
        };
        let strictest = [Order::Partition, Order::Key].into_iter().find(|order| has(*order));
        let order = strictest.unwrap_or(Order::None);
        let refused = RoutePolicy { order, retry: Retry::none(), ..RoutePolicy::default() };
        let skipped = RoutePolicy { order: Order::None, ..refused.clone() };
        let refuse = self.push(refused, Target::Refuse);
        let skip = self.push(skipped, Target::Skip);
        let lookup = self.topics.get_mut(name).expect("listed in names");
        (lookup.refuse, lookup.skip) = (refuse, skip);
    }

    fn push(&mut self, policy: RoutePolicy, target: Target) -> PolicyId {
        self.policies.push(policy);
        self.targets.push(target);
        PolicyId(self.targets.len() - 1)
    }

    fn lookup(&self, topic: &TopicName) -> &Lookup {
        self.topics.get(topic).expect("the runtime reads only the topics of its endpoint")
    }

    /// Why no handler takes the record.
    fn refusal(&self, record: &Record) -> Failure {
        match identify(record, &self.lookup(&record.topic).envelope, |_| None).event_type {
            Err(why) => Failure::new(Class::Undecodable, why),
            Ok(unknown) => Failure::new(
                Class::Permanent,
                format!(
                    "unknown event type `{unknown}` on topic `{}`: handle it, or skip it by name",
                    record.topic
                ),
            ),
        }
    }
}

impl Lookup {
    fn new(envelope: ReadEnvelope) -> Self {
        Self {
            envelope,
            handled: HashMap::new(),
            skipped: HashSet::new(),
            unknown: Unknown::default(),
            skip: PolicyId::default(),
            refuse: PolicyId::default(),
        }
    }

    /// The policy for this event type, and the handler's name.
    fn choose(&self, event_type: &Arc<str>) -> (PolicyId, Arc<str>) {
        let known = self.handled.get(event_type.as_ref());
        let handler = known.map_or(event_type, |known| &known.handler);
        (self.policy(event_type), handler.clone())
    }

    fn policy(&self, event_type: &str) -> PolicyId {
        match self.handled.get(event_type) {
            Some(known) => known.policy,
            None if self.skips(event_type) => self.skip,
            None => self.refuse,
        }
    }

    fn skips(&self, event_type: &str) -> bool {
        self.unknown == Unknown::Skip || self.skipped.contains(event_type)
    }
}

impl Endpoint for Frozen {
    fn topics(&self) -> Vec<TopicName> {
        self.names.clone()
    }

    fn policies(&self) -> Vec<RoutePolicy> {
        self.policies.clone()
    }

    fn handlers(&self) -> Vec<Arc<str>> {
        let of = |target: &Target| match target {
            Target::Handler { name, .. } => name.clone(),
            Target::Skip => Arc::from("skipped"),
            Target::Refuse => Arc::from("unhandled"),
        };
        self.targets.iter().map(of).collect()
    }

    fn route(&self, record: &Record) -> Routed {
        let lookup = self.lookup(&record.topic);
        let known = |name: &str| Some(lookup.handled.get(name)?.event_type.clone());
        let identity = identify(record, &lookup.envelope, known);
        let (policy, handler) = match &identity.event_type {
            Ok(event_type) => lookup.choose(event_type),
            Err(_) => (lookup.refuse, UNDECODABLE.into()),
        };
        Routed {
            policy,
            handler,
            event_type: identity.event_type.unwrap_or_default(),
            event_id: identity.event_id,
            correlation_id: identity.correlation_id,
        }
    }

    fn policy(&self, record: &Record) -> PolicyId {
        let lookup = self.lookup(&record.topic);
        of_type(record, &lookup.envelope, |event_type| {
            event_type.map_or(lookup.refuse, |event_type| lookup.policy(event_type))
        })
    }

    fn store(&self, policy: PolicyId) -> Option<Arc<dyn InboxStore>> {
        match self.targets.get(policy.0)? {
            Target::Handler { store, .. } => store.clone(),
            Target::Skip | Target::Refuse => None,
        }
    }

    fn call(&self, policy: PolicyId, delivery: Delivery) -> BoxFuture<'static, Outcome> {
        match &self.targets[policy.0] {
            Target::Handler { service, .. } => service.attempt(delivery),
            Target::Skip => Box::pin(async { Outcome::Skip("skipped by name") }),
            Target::Refuse => {
                let failure = self.refusal(&delivery.record);
                Box::pin(async { Outcome::Failed(failure) })
            }
        }
    }

    fn call_dead(&self, policy: PolicyId, delivery: Delivery) -> BoxFuture<'static, Outcome> {
        match &self.targets[policy.0] {
            Target::Handler { dead: Some(dead), .. } => dead.attempt(delivery),
            _ => Box::pin(async { Outcome::Done(Emits::none()) }),
        }
    }

    fn encode(&self, emits: Emits, delivery: &Delivery) -> Result<Vec<NewRecord>, String> {
        let handler = match delivery.dead {
            Some(_) => format!("{}/dead", delivery.handler),
            None => delivery.handler.to_string(),
        };
        // The first origin's: a replay of the cause emits the same events.
        let at = Origin::of(&delivery.record).timestamp;
        emits.encode(|ordinal| Stamp {
            event_id: derived_id(Derivation {
                cause: &delivery.event_id,
                group: &delivery.group,
                handler: &handler,
                ordinal,
                namespace: "",
            }),
            correlation_id: delivery.correlation_id.to_string(),
            causation_id: Some(delivery.event_id.clone()),
            at,
        })
    }
}
