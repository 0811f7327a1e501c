use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::message::{Partition, TopicName};

const PARTITIONS: u32 = 5;

/// What can happen to a group.
#[derive(Debug, Clone)]
enum Step {
    Join,
    Leave(usize),
    Poll(usize),
    Answer(usize),
    AnswerLate(usize),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => Just(Step::Join),
        1 => any::<usize>().prop_map(Step::Leave),
        8 => any::<usize>().prop_map(Step::Poll),
        4 => any::<usize>().prop_map(Step::Answer),
        1 => any::<usize>().prop_map(Step::AnswerLate),
        3 => (0_u64..20).prop_map(Step::Pass),
    ]
}

/// A member as it sees itself.
#[derive(Debug, Default)]
struct View {
    owned: BTreeSet<TopicPartition>,
    asked: Option<(RevokeTicket, Vec<TopicPartition>)>,
    answered: Vec<RevokeTicket>,
}

/// The group beside what its members were told.
struct Model {
    group: Group,
    views: BTreeMap<MemberId, View>,
    now: Instant,
    joined: u64,
}

impl Model {
    fn new() -> Self {
        let (group, views) = (Group::default(), BTreeMap::new());
        Self { group, views, now: Instant::now(), joined: 0 }
    }

    fn member(&self, at: usize) -> Option<MemberId> {
        let count = self.views.len().max(1);
        self.views.keys().nth(at % count).copied()
    }

    fn run(&mut self, step: Step) {
        match step {
            Step::Join => self.join(),
            Step::Pass(seconds) => self.now += Duration::from_secs(seconds),
            Step::Leave(at) => {
                if let Some(id) = self.member(at) {
                    self.group.leave(id);
                    self.views.remove(&id);
                }
            }
            Step::Poll(at) => drop(self.member(at).and_then(|id| self.poll(id))),
            Step::Answer(at) => {
                if let Some(id) = self.member(at) {
                    self.answer(id);
                }
            }
            Step::AnswerLate(at) => {
                if let Some(id) = self.member(at) {
                    let old = self.views[&id].answered.first().copied();
                    old.inspect(|ticket| self.group.revoked(id, *ticket, self.now));
                }
            }
        }
    }

    fn join(&mut self) {
        self.joined += 1;
        let id = MemberId(self.joined);
        let topic = TopicName::new("orders").unwrap();
        let place = |n| TopicPartition::new(topic.clone(), Partition(n));
        let mut how = Subscription::new("group", vec![topic.clone()]);
        how.max_poll_interval = Duration::from_secs(30);
        let wishes = (0..PARTITIONS).map(place).collect();
        self.group.join(id, wishes, &how, Arc::default(), self.now);
        self.views.insert(id, View::default());
    }

    fn poll(&mut self, id: MemberId) -> Option<()> {
        let notice = self.group.poll(id, self.now)?;
        let view = self.views.get_mut(&id).unwrap();
        match notice {
            Notice::Lost(partitions) => {
                for partition in partitions {
                    assert!(view.owned.remove(&partition), "lost what was not owned");
                }
                view.answered.extend(view.asked.take().map(|(ticket, _)| ticket));
            }
            Notice::Revoking { partitions, ticket, .. } => {
                assert!(partitions.iter().all(|p| view.owned.contains(p)));
                assert!(view.asked.replace((ticket, partitions)).is_none(), "one at a time");
            }
            Notice::Granted(grants) => {
                for grant in grants {
                    assert!(self.group.accept(&grant), "nothing came in between");
                    assert!(view.owned.insert(grant.partition), "granted twice");
                }
            }
        }
        Some(())
    }

    fn answer(&mut self, id: MemberId) {
        let view = self.views.get_mut(&id).unwrap();
        let Some((ticket, partitions)) = view.asked.take() else { return };
        view.answered.push(ticket);
        self.group.revoked(id, ticket, self.now);
        // In time: given back. Too late: the member learns from its next poll that they are lost.
        let lost = &self.group.members[&id].lost;
        view.owned.retain(|p| !partitions.contains(p) || lost.contains(p));
    }

    /// Who may commit is who was told last that it owns, and at most one.
    fn check(&mut self) {
        for number in 0..PARTITIONS {
            let place = TopicPartition::new(TopicName::new("orders").unwrap(), Partition(number));
            let mut owners = 0;
            for (id, view) in &self.views {
                let may = self.group.check_commit(*id, &place, self.now);
                if may.is_ok() {
                    assert!(view.owned.contains(&place), "may commit what it was not told of");
                    owners += 1;
                } else if view.owned.contains(&place) {
                    assert_eq!(may, Err(CommitError::StaleGeneration));
                }
            }
            assert!(owners <= 1, "two owners");
        }
    }

    /// When all poll and answer, everything is owned, evenly.
    fn settle(&mut self) {
        let ids: Vec<_> = self.views.keys().copied().collect();
        for _ in 0..10 {
            for id in &ids {
                while self.poll(*id).is_some() {}
                self.answer(*id);
            }
        }
        let owned: Vec<_> = self.views.values().map(|view| view.owned.len()).collect();
        if let (Some(most), Some(least)) = (owned.iter().max(), owned.iter().min()) {
            assert_eq!(owned.iter().sum::<usize>(), PARTITIONS as usize);
            assert!(most - least <= 1, "{owned:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn one_owner_at_a_time_whatever_happens(steps in vec(step(), 0..80)) {
        let mut model = Model::new();
        for step in steps {
            model.run(step);
            model.check();
        }
        model.settle();
        model.check();
    }
}
