//! Single steps by which a plan becomes simpler, where leaving things out is not enough.

use tribunal_history::{
    At, Link, LinkEnd, Nanos, NodeId, Plan, PlannedFault, PlannedKind, ScriptedOperation, Targets,
};
use tribunal_nemesis::family_of;

/// The shortest time a fault is made to last, and the shortest gap that is left.
const SHORT: Nanos = Nanos::from_millis(20);
/// The fewest nodes of a cluster that is made smaller: fewer have no minority.
const NODES_MIN: u16 = 3;
/// Options that only make sense together.
const TIMEOUTS: [&str; 2] = ["heartbeat-ms", "election-ms"];
/// Faults of which pairs are tried together.
const MERGED_MAX: usize = 24;

/// One way to make a plan simpler. Numbers are places in the plan's lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// One fault less.
    WithoutFault(usize),
    /// Two faults of one kind are one: on the nodes or links of both, from the first's beginning to
    /// the last's end.
    Merged(usize, usize),
    /// One operation less.
    WithoutOperation(usize),
    /// One node or link less of those a fault strikes.
    WithoutTarget(usize, usize),
    /// A fault strikes and does not last, or half as long.
    Shorter(usize),
    /// A fault does something plainer.
    Plainer(usize, PlannedKind),
    /// No node of this number: those behind it move up.
    WithoutNode(NodeId),
    /// These options have their defaults.
    WithoutOptions(Vec<String>),
    /// The weather is calm throughout.
    Calm,
    /// Nothing happens for so long from then on, and that is left out.
    Sooner { from: Nanos, by: Nanos },
}

impl Step {
    /// The plan after this step; the seed stays.
    pub(super) fn of(&self, plan: &Plan) -> Plan {
        let mut plan = plan.clone();
        let faults = &mut plan.schedule.faults;
        match self {
            Step::WithoutFault(number) => drop(faults.remove(*number)),
            Step::Merged(first, second) => {
                let second = faults.remove(*second);
                merge(&mut faults[*first], &second);
            }
            Step::WithoutOperation(number) => {
                if let Some(script) = &mut plan.script {
                    script.operations.remove(*number);
                }
            }
            Step::WithoutTarget(fault, target) => match &mut faults[*fault].targets {
                Targets::Nodes(nodes) => drop(nodes.remove(*target)),
                Targets::Links(links) => drop(links.remove(*target)),
                _ => {}
            },
            Step::Shorter(number) => {
                let fault = &mut faults[*number];
                fault.lasts = fault.lasts.map(|lasts| Nanos(lasts.0 / 2).max(SHORT));
            }
            Step::Plainer(number, kind) => {
                let fault = &mut faults[*number];
                (fault.kind, fault.family) = (*kind, family_of(kind));
            }
            Step::WithoutNode(node) => leave_out(&mut plan, *node),
            Step::WithoutOptions(names) => plan.options.retain(|name, _| !names.contains(name)),
            Step::Calm => {
                if let Some(script) = &mut plan.script {
                    script.weather = Some(Vec::new());
                }
            }
            Step::Sooner { from, by } => sooner(&mut plan, *from, *by),
        }
        plan
    }
}

/// Each fault left out, the last first.
pub(super) fn fewer_faults(plan: &Plan) -> Vec<Step> {
    (0..plan.schedule.faults.len()).rev().map(Step::WithoutFault).collect()
}

/// Each two faults of one kind as one, whatever shape chose their links.
pub(super) fn merged(plan: &Plan) -> Vec<Step> {
    let faults = &plan.schedule.faults;
    let count = faults.len().min(MERGED_MAX);
    let pairs = (0..count).flat_map(|one| (one + 1..count).map(move |other| (one, other)));
    let alike = |(one, other): &(usize, usize)| {
        let (one, other) = (&faults[*one], &faults[*other]);
        let nodes = |fault: &PlannedFault| matches!(fault.targets, Targets::Nodes(_));
        let links = |fault: &PlannedFault| matches!(fault.targets, Targets::Links(_));
        one.kind.installed() == other.kind.installed()
            && (nodes(one) && nodes(other) || links(one) && links(other))
    };
    pairs.filter(alike).map(|(one, other)| Step::Merged(one, other)).collect()
}

/// Each operation left out, the last first.
pub(super) fn fewer_operations(plan: &Plan) -> Vec<Step> {
    let count = plan.script.as_ref().map_or(0, |script| script.operations.len());
    (0..count).rev().map(Step::WithoutOperation).collect()
}

/// Each target of each fault left out, of faults that have several.
pub(super) fn fewer_targets(plan: &Plan) -> Vec<Step> {
    let of = |(number, fault): (usize, &PlannedFault)| {
        let count = match &fault.targets {
            Targets::Nodes(nodes) => nodes.len(),
            Targets::Links(links) => links.len(),
            _ => 0,
        };
        let count = if count > 1 { count } else { 0 };
        (0..count).rev().map(move |target| Step::WithoutTarget(number, target))
    };
    plan.schedule.faults.iter().enumerate().flat_map(of).collect()
}

/// Each fault for half the time.
pub(super) fn shorter(plan: &Plan) -> Vec<Step> {
    let faults = plan.schedule.faults.iter().enumerate();
    let long = faults.filter(|(_, fault)| fault.lasts.is_some_and(|lasts| lasts > SHORT));
    long.map(|(number, _)| Step::Shorter(number)).collect()
}

/// Each fault of nodes as a kill, or at least as a power cut.
pub(super) fn plainer(plan: &Plan) -> Vec<Step> {
    let of = |(number, fault): (usize, &PlannedFault)| {
        let kinds: &[PlannedKind] = match fault.kind {
            PlannedKind::Power => &[PlannedKind::Kill],
            PlannedKind::CrashAt { .. } | PlannedKind::Disk(_) => {
                &[PlannedKind::Kill, PlannedKind::Power]
            }
            PlannedKind::Suspend => &[PlannedKind::Pause],
            _ => &[],
        };
        kinds.iter().map(move |kind| Step::Plainer(number, *kind))
    };
    plan.schedule.faults.iter().enumerate().flat_map(of).collect()
}

/// Each node left out, the last first.
pub(super) fn fewer_nodes(plan: &Plan) -> Vec<Step> {
    let nodes = if plan.nodes > NODES_MIN { plan.nodes } else { 0 };
    NodeId::all(nodes).collect::<Vec<_>>().into_iter().rev().map(Step::WithoutNode).collect()
}

/// All options left out, then each, those of timeouts together.
pub(super) fn fewer_options(plan: &Plan) -> Vec<Step> {
    let names: Vec<String> = plan.options.keys().cloned().collect();
    let is_of_timeouts = |name: &String| TIMEOUTS.contains(&name.as_str());
    let (timeouts, others): (Vec<_>, Vec<_>) = names.iter().cloned().partition(is_of_timeouts);
    let mut groups = vec![names, timeouts];
    groups.extend(others.into_iter().map(|name| vec![name]));
    groups.dedup();
    groups.retain(|names| !names.is_empty());
    groups.into_iter().map(Step::WithoutOptions).collect()
}

/// Calm weather, where it is not.
pub(super) fn calmer(plan: &Plan) -> Vec<Step> {
    let weather = plan.script.as_ref().and_then(|script| script.weather.as_ref());
    if weather.is_some_and(Vec::is_empty) { Vec::new() } else { vec![Step::Calm] }
}

/// Each time in which nothing begins or ends made short, the longest first.
pub(super) fn gaps(plan: &Plan) -> Vec<Step> {
    let mut times: Vec<Nanos> = vec![Nanos::ZERO];
    times.extend(plan.script.iter().flat_map(|it| &it.operations).map(|operation| operation.at));
    for fault in &plan.schedule.faults {
        if let At::Time(at) = fault.at {
            times.extend([at, at + fault.lasts.unwrap_or_default()]);
        }
    }
    times.sort_unstable();
    let mut found: Vec<(Nanos, Nanos)> = times
        .windows(2)
        .filter(|pair| pair[1] - pair[0] > SHORT.times(2))
        .map(|pair| (Nanos((pair[1] - pair[0]).0 / 2), pair[0]))
        .collect();
    found.sort_unstable_by(|one, other| other.cmp(one));
    found.into_iter().map(|(by, from)| Step::Sooner { from, by }).collect()
}

fn merge(fault: &mut PlannedFault, other: &PlannedFault) {
    match (&mut fault.targets, &other.targets) {
        (Targets::Nodes(nodes), Targets::Nodes(more)) => {
            nodes.extend(more);
            nodes.sort_unstable();
            nodes.dedup();
        }
        (Targets::Links(links), Targets::Links(more)) => {
            links.extend(more);
            links.sort_unstable();
            links.dedup();
        }
        _ => {}
    }
    let (At::Time(one), At::Time(two)) = (fault.at, other.at) else { return };
    let end = |at: Nanos, lasts: Option<Nanos>| at + lasts.unwrap_or_default();
    let last = end(one, fault.lasts).max(end(two, other.lasts));
    let first = one.min(two);
    (fault.at, fault.lasts) = (At::Time(first), Some(last - first));
}

/// Everything that is about this node alone is gone, and the nodes behind it move up.
fn leave_out(plan: &mut Plan, gone: NodeId) {
    plan.nodes -= 1;
    let moved = |node: NodeId| if node > gone { NodeId(node.0 - 1) } else { node };
    let end = |end: LinkEnd| match end {
        LinkEnd::Harness => end,
        LinkEnd::Node(node) => LinkEnd::Node(moved(node)),
    };
    if let Some(script) = &mut plan.script {
        script.operations.retain(|operation| operation.node != gone);
        let mend = |it: &mut ScriptedOperation| it.node = moved(it.node);
        script.operations.iter_mut().for_each(mend);
    }
    plan.schedule.faults.retain_mut(|fault| match &mut fault.targets {
        Targets::Nodes(nodes) => {
            nodes.retain(|node| *node != gone);
            nodes.iter_mut().for_each(|node| *node = moved(*node));
            !nodes.is_empty()
        }
        Targets::Links(links) => {
            links.retain(|link| !link.touches(gone));
            let mend = |link: &mut Link| *link = Link { from: end(link.from), to: end(link.to) };
            links.iter_mut().for_each(mend);
            !links.is_empty()
        }
        _ => true,
    });
}

/// Everything after `from` comes earlier.
fn sooner(plan: &mut Plan, from: Nanos, by: Nanos) {
    let moved = |at: Nanos| if at > from { (at.since(by)).max(from) } else { at };
    for operation in plan.script.iter_mut().flat_map(|script| &mut script.operations) {
        operation.at = moved(operation.at);
    }
    for fault in &mut plan.schedule.faults {
        if let At::Time(at) = fault.at {
            let end = fault.lasts.map(|lasts| moved(at + lasts));
            fault.at = At::Time(moved(at));
            fault.lasts = end.map(|end| end.since(moved(at)).max(Nanos(1)));
        }
    }
    plan.time_limit = plan.time_limit.since(by).max(Nanos::from_millis(10));
}

#[cfg(test)]
mod tests {
    use tribunal_history::{
        BugSet, Direction, FaultId, Function, LinkHeal, Operation, PartitionShape, ProcessId,
        Schedule, Script, Seed, Value,
    };
    use tribunal_nemesis::validate;

    use super::*;

    fn fault(id: u32, kind: PlannedKind, targets: Targets, at: u64, lasts: u64) -> PlannedFault {
        PlannedFault {
            id: FaultId(id),
            family: family_of(&kind),
            kind,
            targets,
            at: At::Time(Nanos::from_millis(at)),
            lasts: Some(Nanos::from_millis(lasts)),
        }
    }

    fn plan() -> Plan {
        let nodes = |numbers: &[u16]| Targets::Nodes(numbers.iter().copied().map(NodeId).collect());
        let cut = PlannedKind::Partition {
            shape: PartitionShape::OneWay(Direction::Inbound),
            at_heal: LinkHeal::Deliver,
        };
        let links = vec![Link::between(NodeId(5), NodeId(2)), Link::requests(NodeId(4))];
        let faults = vec![
            fault(1, PlannedKind::Power, nodes(&[2, 5]), 100, 900),
            fault(4, PlannedKind::Power, nodes(&[3]), 700, 100),
            fault(7, cut, Targets::Links(links), 3_000, 100),
        ];
        let operation = |at, process, node| ScriptedOperation {
            at: Nanos::from_millis(at),
            process: ProcessId(process),
            node: NodeId(node),
            operation: Operation::new(Function::Read, 1, Value::Nil),
        };
        let operations = vec![operation(5, 0, 1), operation(2_900, 1, 5), operation(2_950, 2, 2)];
        let options = ["delay", "heartbeat-ms", "election-ms"];
        Plan {
            tribunal_plan: Plan::VERSION,
            system: "raft".into(),
            options: options.map(|name| (name.to_owned(), "1".to_owned())).into(),
            bugs: BugSet::default(),
            workload: "register".into(),
            nemesis: "power".into(),
            cluster: "sim".into(),
            nodes: 5,
            concurrency: 3,
            rate: 10,
            time_limit: Nanos::from_secs(4),
            operation_timeout: Nanos::from_secs(1),
            recovery_limit: Nanos::from_secs(1),
            seed: Seed(1),
            schedule: Schedule::new(faults),
            script: Some(Script { operations, weather: None }),
        }
    }

    /// What only ever becomes less, so that steps come to an end.
    fn weight(plan: &Plan) -> u64 {
        let of_fault = |fault: &PlannedFault| {
            let targets = match &fault.targets {
                Targets::Nodes(nodes) => nodes.len(),
                Targets::Links(links) => links.len(),
                _ => 0,
            };
            let kind = if fault.kind == PlannedKind::Kill { 0 } else { 1 };
            10_000 + 100 * targets as u64 + kind + fault.lasts.unwrap().as_millis() / 100
        };
        let script = plan.script.as_ref().unwrap();
        plan.schedule.faults.iter().map(of_fault).sum::<u64>()
            + 10 * script.operations.len() as u64
            + 1_000 * u64::from(plan.nodes)
            + plan.options.len() as u64
            + u64::from(script.weather.is_none())
            + plan.time_limit.as_millis()
    }

    #[test]
    fn every_step_leaves_a_plan_that_is_less_and_can_be_run() {
        let plan = plan();
        validate(&plan.schedule, plan.nodes).unwrap();
        let lists: [fn(&Plan) -> Vec<Step>; 10] = [
            fewer_faults,
            merged,
            fewer_operations,
            fewer_nodes,
            fewer_targets,
            calmer,
            fewer_options,
            plainer,
            shorter,
            gaps,
        ];
        let counts = lists.map(|list| list(&plan).len());
        assert_eq!(counts, [3, 1, 3, 5, 4, 1, 3, 2, 3, 8], "{:#?}", lists.map(|list| list(&plan)));
        for step in lists.iter().flat_map(|list| list(&plan)) {
            let less = step.of(&plan);
            validate(&less.schedule, less.nodes)
                .unwrap_or_else(|error| panic!("{step:?}: {error}"));
            assert!(weight(&less) < weight(&plan), "{step:?}");
            let mut nodes = less.script.iter().flat_map(|it| &it.operations).map(|it| it.node.0);
            assert!(nodes.all(|node| node <= less.nodes), "{step:?}");
        }
    }

    #[test]
    fn two_faults_become_one_and_nodes_move_up() {
        let plan = Step::Merged(0, 1).of(&plan());
        let merged = &plan.schedule.faults[0];
        assert_eq!(merged.targets, Targets::Nodes([2, 3, 5].map(NodeId).to_vec()));
        let millis = Nanos::from_millis;
        assert_eq!((merged.at, merged.lasts), (At::Time(millis(100)), Some(millis(900))));
        let plan = Step::WithoutNode(NodeId(2)).of(&plan);
        assert_eq!(plan.schedule.faults[0].targets, Targets::Nodes([2, 4].map(NodeId).to_vec()));
        let links = Targets::Links(vec![Link::requests(NodeId(3))]);
        assert_eq!(plan.schedule.faults[1].targets, links);
        let nodes: Vec<_> = plan.script.unwrap().operations.iter().map(|it| it.node.0).collect();
        assert_eq!(nodes, [1, 4]);
    }

    #[test]
    fn what_comes_after_a_gap_comes_sooner() {
        let plan = plan();
        let (from, by) = (Nanos::from_millis(1_000), Nanos::from_millis(950));
        assert_eq!(gaps(&plan)[0], Step::Sooner { from, by });
        let sooner = Step::Sooner { from, by }.of(&plan);
        let at = |plan: &Plan| match plan.schedule.faults[2].at {
            At::Time(at) => at.as_millis(),
            _ => 0,
        };
        assert_eq!((at(&plan), at(&sooner), sooner.time_limit.as_millis()), (3_000, 2_050, 3_050));
        assert_eq!(sooner.schedule.faults[0], plan.schedule.faults[0]);
    }
}
