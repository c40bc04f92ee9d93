//! Cuts: nftables rules in one table of ours, replaced in one transaction.

mod rule;

use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::net::Ipv4Addr;

use netlink_bindings::nftables::{Chained, ObjData, ObjectType, Request, VerdictCode};
use netlink_bindings::traits::NetlinkChained;
use netlink_socket2::{NetlinkSocket, ReplyError};
use tribunal_history::{Link, NodeId};

use super::netlink::{self, AckLast};
use crate::protocol::{Cut, CutFate, Path, Way};
pub(super) use rule::Rule;
use rule::{BATCH, IPV4};

/// Most cuts at a time. The kernel takes some 250 rules of ours in one message.
pub(super) const CUTS_MAX: usize = 128;

const TABLE: &CStr = c"tribunal";
const INPUT: &CStr = c"input";
const OUTPUT: &CStr = c"output";

/// How often a listing of counters that lacks one is asked for again.
const LISTINGS_MAX: usize = 3;

/// Packets and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) packets: u64,
    pub(super) bytes: u64,
}

/// The cuts of the network namespace it was opened in.
///
/// Each link that was ever cut has a named counter in the table, which its rules share and which
/// outlives them: replacing rules loses no hit. The table goes, and with it the counters, when the
/// last cut goes; they are read after the rules are gone and before the table is.
pub(super) struct Cuts {
    socket: NetlinkSocket,
    /// What was counted by tables that are gone.
    settled: BTreeMap<Link, Tally>,
    /// The table's counters by link, if there is a table.
    counters: Option<BTreeMap<Link, CString>>,
    in_force: Vec<Rule>,
}

impl Cuts {
    /// Opens a socket, removes a table that an earlier agent left, and tries a rule of each fate.
    ///
    /// # Errors
    /// If this kernel or the rights of this process do not allow cuts; says why.
    pub(super) fn open() -> Result<Cuts, String> {
        let mut cuts = Cuts::unopened();
        cuts.remove_table().map_err(|error| reason(&error))?;
        let trial = [CutFate::Drop, CutFate::Reset, CutFate::Refuse].map(|fate| {
            let link = Link::requests(NodeId(1));
            let path = Path { link, way: Way::In, peer: Ipv4Addr::new(192, 0, 2, 1), port: 9 };
            Rule { cut: Cut { path, fate }, spares_resets: false }
        });
        cuts.set(&trial)?;
        cuts.set(&[])?;
        cuts.settled.clear();
        Ok(cuts)
    }

    fn unopened() -> Cuts {
        let (socket, settled) = (NetlinkSocket::new(), BTreeMap::new());
        Cuts { socket, settled, counters: None, in_force: Vec::new() }
    }

    /// Makes `rules` the only ones, in one transaction: no packet meets anything between the old
    /// and the new.
    ///
    /// # Errors
    /// The kernel's words; the old rules are then still in force.
    pub(super) fn set(&mut self, rules: &[Rule]) -> Result<(), String> {
        if rules == self.in_force {
            return Ok(());
        }
        let done = if rules.is_empty() { self.clear() } else { self.replace(rules) };
        done.map_err(|error| reason(&error))?;
        self.in_force = rules.to_vec();
        Ok(())
    }

    /// Packets and bytes that met a cut, by link, since this was opened.
    ///
    /// # Errors
    /// The kernel's words.
    pub(super) fn tallies(&mut self) -> Result<BTreeMap<Link, Tally>, String> {
        let live = self.live().map_err(|error| reason(&error))?;
        let mut sums = self.settled.clone();
        add(&mut sums, &live);
        Ok(sums)
    }

    fn replace(&mut self, rules: &[Rule]) -> Result<(), ReplyError> {
        let mut counters = self.counters.clone().unwrap_or_default();
        let mut fresh = Vec::new();
        for link in rules.iter().map(|rule| rule.cut.path.link) {
            let name = format!("link{}", counters.len());
            counters.entry(link).or_insert_with(|| {
                let name = CString::new(name).expect("invariant: a number has no zero byte");
                fresh.push(name.clone());
                name
            });
        }
        let is_new = self.counters.is_none();
        self.transact(|batch| {
            if is_new {
                new_table(batch);
            }
            fresh.iter().for_each(|name| new_counter(batch, name));
            for chain in [INPUT, OUTPUT] {
                new_chain(batch, chain);
                empty_chain(batch, chain);
            }
            for rule in rules {
                let chain = match rule.cut.path.way {
                    Way::In => INPUT,
                    Way::Out => OUTPUT,
                };
                rule.push(batch, (TABLE, chain), &counters[&rule.cut.path.link]);
            }
        })?;
        self.counters = Some(counters);
        Ok(())
    }

    fn clear(&mut self) -> Result<(), ReplyError> {
        if self.counters.is_none() {
            return Ok(());
        }
        self.transact(|batch| {
            for chain in [INPUT, OUTPUT] {
                new_chain(batch, chain);
                empty_chain(batch, chain);
                batch.request().op_delchain_do(&IPV4).encode().push_table(TABLE).push_name(chain);
            }
        })?;
        // Packets pass from here on; what is left is bookkeeping, and is done again by the next
        // change if it fails.
        self.in_force.clear();
        let live = self.live()?;
        self.remove_table()?;
        add(&mut self.settled, &live);
        self.counters = None;
        Ok(())
    }

    /// What the counters of the table say now.
    fn live(&mut self) -> Result<BTreeMap<Link, Tally>, ReplyError> {
        let Some(counters) = self.counters.clone() else { return Ok(BTreeMap::new()) };
        for _ in 0..LISTINGS_MAX {
            let named = list_counters(&mut self.socket)?;
            let live: BTreeMap<Link, Tally> = counters
                .iter()
                .filter_map(|(link, name)| Some((*link, *named.get(name)?)))
                .collect();
            if live.len() == counters.len() {
                return Ok(live);
            }
        }
        Err(std::io::Error::other("counters of the table tribunal are gone; who removed them?"))?
    }

    /// Removes the table if it is there. Exact about nothing else.
    fn remove_table(&mut self) -> Result<(), ReplyError> {
        self.transact(|batch| {
            batch.request().set_create().op_newtable_do(&IPV4).encode().push_name(TABLE);
            batch.request().op_deltable_do(&IPV4).encode().push_name(TABLE);
        })
    }

    /// Sends one batch and waits until the kernel has committed or refused it.
    fn transact(&mut self, fill: impl FnOnce(&mut Chained)) -> Result<(), ReplyError> {
        let mut batch = Chained::new(self.socket.reserve_seq(0));
        batch.request().op_batch_begin_do(&BATCH);
        fill(&mut batch);
        batch.request().op_batch_end_do(&BATCH);
        let batch = AckLast::new(batch.finalize());
        self.socket.reserve_seq(batch.chain_len() as u32);
        self.socket.request_chained(&batch)?.recv_all()
    }
}

/// Removes the table that an agent left which is no more. There need be none.
///
/// # Errors
/// The kernel's words.
pub(super) fn remove_leftovers() -> Result<(), String> {
    let mut cuts = Cuts::unopened();
    match cuts.remove_table() {
        // Without nftables there is no table.
        Err(error) if netlink::code(&error) == Some(libc::EPROTONOSUPPORT) => Ok(()),
        done => done.map_err(|error| reason(&error)),
    }
}

fn list_counters(socket: &mut NetlinkSocket) -> Result<BTreeMap<CString, Tally>, ReplyError> {
    let mut request = Request::new().op_getobj_dump(&IPV4);
    request.encode().push_table(TABLE).push_type(ObjectType::Counter as u32);
    let mut reply = socket.request(&request)?;
    let mut named = BTreeMap::new();
    while let Some(object) = reply.recv() {
        let (_, object) = object?;
        // The kernel filters by table since 4.11; a stranger's counter must never be taken for
        // ours.
        if object.get_table()? != TABLE {
            continue;
        }
        if let ObjData::Counter(counter) = object.get_data()? {
            let tally = Tally { packets: counter.get_packets()?, bytes: counter.get_bytes()? };
            named.insert(object.get_name()?.to_owned(), tally);
        }
    }
    Ok(named)
}

fn new_table(batch: &mut Chained) {
    batch.request().set_create().op_newtable_do(&IPV4).encode().push_name(TABLE);
}

fn new_counter(batch: &mut Chained, name: &CStr) {
    let mut object = batch.request().set_create().op_newobj_do(&IPV4);
    let object = object.encode().push_table(TABLE).push_name(name);
    let object = object.push_type(ObjectType::Counter as u32);
    object.nested_data_counter().push_packets(0).push_bytes(0);
}

fn new_chain(batch: &mut Chained, name: &CStr) {
    let hook = if name == INPUT { libc::NF_INET_LOCAL_IN } else { libc::NF_INET_LOCAL_OUT };
    let mut chain = batch.request().set_create().op_newchain_do(&IPV4);
    let chain = chain.encode().push_table(TABLE).push_name(name).push_type(c"filter");
    let chain = chain.push_policy(VerdictCode::Accept as u32);
    chain.nested_hook().push_num(hook as u32).push_priority(libc::NF_IP_PRI_FILTER);
}

fn empty_chain(batch: &mut Chained, name: &CStr) {
    batch.request().op_delrule_do(&IPV4).encode().push_table(TABLE).push_chain(name);
}

fn add(sums: &mut BTreeMap<Link, Tally>, more: &BTreeMap<Link, Tally>) {
    for (link, tally) in more {
        let sum = sums.entry(*link).or_default();
        sum.packets += tally.packets;
        sum.bytes += tally.bytes;
    }
}

/// Why the kernel did not do it, and what would help.
fn reason(error: &ReplyError) -> String {
    let remedy = match netlink::code(error) {
        Some(libc::EPERM) => "; the process lacks CAP_NET_ADMIN",
        Some(libc::EPROTONOSUPPORT | libc::EINVAL) => "; the kernel lacks nftables (nf_tables)",
        Some(libc::EOPNOTSUPP) => "; the kernel lacks nftables for IPv4",
        Some(libc::ENOENT) => "; the kernel lacks a part of nftables, or the table is gone",
        Some(libc::EMSGSIZE) => "; too many cuts for one message",
        _ => "",
    };
    format!("nftables: {}{remedy}", error.to_string().replace(" (no extended ack)", ""))
}
