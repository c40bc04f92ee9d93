//! Two network namespaces joined by a wire: a node's, with an agent in it, and a peer's.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use netlink_bindings::builtin::Nlmsghdr;
use netlink_bindings::rt_addr::{self, Ifaddrmsg};
use netlink_bindings::rt_link::{self, IfinfoFlags, Ifinfomsg};
use netlink_bindings::rt_route::{self, Rtmsg};
use netlink_bindings::traits::{NetlinkRequest, Pusher};
use netlink_bindings::utils;
use netlink_socket2::NetlinkSocket;
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::runtime::Runtime;
use tribunal_docker::agent_client::{AgentClient, AgentClientError, AgentState};
use tribunal_docker::protocol::{
    Abilities, Cut, CutFate, Harm, HarmCounters, LinkFigures, Path, Wanted, Way,
};
use tribunal_history::{Link, NodeId, PacketFault};

pub(crate) const NODE: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 2);
pub(crate) const PEER: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 3);
/// The port of the node that faults are about.
pub(crate) const PORT: u16 = 7001;
pub(crate) const AGENT_PORT: u16 = 7003;
pub(crate) const TOKEN: &str = "a token";
/// Long enough for any machine; nothing waits so long when all is well.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What the engine gives an agent: CAP_NET_ADMIN and CAP_NET_RAW.
pub(crate) const ENGINE_GIVES: &str = "12 13";

pub(crate) type Fallible = Result<(), Box<dyn std::error::Error>>;

/// A network namespace, gone when dropped.
pub(crate) struct Space(File);

impl Space {
    fn new() -> io::Result<Space> {
        let make = || {
            unshare(CloneFlags::CLONE_NEWNET)?;
            // As the engine sets it; a kernel that has no such file filters nothing.
            let _ = std::fs::write("/proc/sys/net/ipv4/conf/all/rp_filter", "2");
            File::open("/proc/thread-self/ns/net")
        };
        std::thread::scope(|scope| scope.spawn(make).join().expect("no panic")).map(Space)
    }

    /// Does something on a thread inside; sockets and processes it makes stay there.
    pub(crate) fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let work = move || {
            setns(&self.0, CloneFlags::CLONE_NEWNET).expect("a way into the namespace");
            work()
        };
        match std::thread::scope(|scope| scope.spawn(work).join()) {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

/// The two namespaces and the agent in the node's.
pub(crate) struct Lab {
    pub(crate) node: Space,
    pub(crate) peer: Space,
}

impl Lab {
    /// Runs a test on a thread in the peer's namespace, or says why not.
    pub(crate) fn run(test: impl FnOnce(&Lab) -> Fallible + Send) {
        let lab = match Lab::new() {
            Ok(lab) => lab,
            Err(error) => {
                return skip(&format!("no network namespaces, for which root is needed: {error}"));
            }
        };
        lab.peer.inside(|| match test(&lab) {
            Ok(()) => {}
            Err(error) if error.is::<Lacking>() => skip(&error.to_string()),
            Err(error) => panic!("{error}"),
        });
    }

    fn new() -> io::Result<Lab> {
        let lab = Lab { node: Space::new()?, peer: Space::new()? };
        lab.node.inside(|| join(&lab.peer))?;
        lab.node.inside(|| raise(NODE))?;
        lab.peer.inside(|| raise(PEER))?;
        Ok(lab)
    }

    /// A connection that the peer opens to a port of the node: the peer's end and the node's.
    pub(crate) fn connect(&self, port: u16) -> io::Result<(TcpStream, TcpStream)> {
        let listener = self.listen(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port)?;
        dial(&listener)
    }

    pub(crate) fn listen(&self, address: IpAddr, port: u16) -> io::Result<TcpListener> {
        self.node.inside(|| TcpListener::bind((address, port)))
    }

    /// The routes of the node's namespace that are for one host in the main table.
    pub(crate) fn host_routes(&self) -> usize {
        self.node.inside(|| {
            let mut socket = NetlinkSocket::new();
            let header = Rtmsg { rtm_family: libc::AF_INET as u8, ..Rtmsg::default() };
            let request = rt_route::Request::new().op_getroute_dump(&header);
            let mut reply = socket.request(&request).expect("routes");
            let mut count = 0;
            while let Some(route) = reply.recv() {
                let (route, _) = route.expect("a route");
                let is_main = route.rtm_table == libc::RT_TABLE_MAIN;
                count += usize::from(is_main && route.rtm_dst_len == 32);
            }
            count
        })
    }
}

/// What this machine lacks for a test.
#[derive(Debug)]
struct Lacking(String);

impl std::fmt::Display for Lacking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Lacking {}

/// Says loudly that a test did not run, or fails where all must.
fn skip(why: &str) {
    // Past the capture of a test's output, so that it is seen.
    let _ = writeln!(io::stderr(), "SKIPPED, not tested: {why}");
    let is_required = std::env::var_os("TRIBUNAL_REQUIRE_DOCKER");
    assert!(is_required.is_none(), "skipped: {why}");
}

/// Connects to a listener of the node and accepts.
pub(crate) fn dial(listener: &TcpListener) -> io::Result<(TcpStream, TcpStream)> {
    let port = listener.local_addr()?.port();
    let outer = TcpStream::connect_timeout(&(NODE, port).into(), PATIENCE)?;
    let (inner, _) = listener.accept()?;
    for end in [&outer, &inner] {
        end.set_nodelay(true)?;
        end.set_read_timeout(Some(PATIENCE))?;
    }
    Ok((outer, inner))
}

/// An agent in a process of its own, and a controller of it in the peer's namespace.
pub(crate) struct Agent {
    pub(crate) process: Child,
    /// Kept open, since its end ends the process.
    _stdin: Option<ChildStdin>,
    pub(crate) runtime: Runtime,
    client: Option<AgentClient>,
    pub(crate) abilities: Abilities,
}

impl Agent {
    pub(crate) fn start(lab: &Lab) -> Agent {
        Agent::start_with(lab, Duration::from_secs(15), ENGINE_GIVES)
    }

    /// With these capabilities only.
    pub(crate) fn start_with(lab: &Lab, patience: Duration, capabilities: &str) -> Agent {
        let mut agent = Agent::await_ready(start_process(lab, "run", patience, capabilities));
        let address = SocketAddr::from((NODE, AGENT_PORT));
        let connect = AgentClient::connect(address, TOKEN.to_owned(), by());
        let (client, abilities) = agent.runtime.block_on(connect).expect("an agent");
        (agent.client, agent.abilities) = (Some(client), abilities);
        agent
    }

    /// Without a controller.
    pub(crate) fn start_alone(lab: &Lab, patience: Duration) -> Agent {
        Agent::await_ready(start_process(lab, "run", patience, ENGINE_GIVES))
    }

    fn await_ready(mut process: Child) -> Agent {
        let stdout = process.stdout.take().expect("a pipe");
        let mut lines = BufReader::new(stdout).lines();
        let is_ready = lines.any(|line| line.expect("text").ends_with("ready"));
        assert!(is_ready, "the agent ended before it listened");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let stdin = process.stdin.take();
        Agent {
            process,
            _stdin: stdin,
            runtime: runtime.expect("a runtime"),
            client: None,
            abilities: Abilities::default(),
        }
    }

    fn client(&self) -> &AgentClient {
        self.client.as_ref().expect("a controller")
    }

    /// Lets the controller go.
    pub(crate) fn leave(&mut self) {
        self.client = None;
    }

    pub(crate) fn set(&self, wanted: Wanted, breaks: Vec<Path>) -> AgentState {
        self.try_set(wanted, breaks).expect("the agent does it")
    }

    pub(crate) fn try_set(
        &self,
        wanted: Wanted,
        breaks: Vec<Path>,
    ) -> Result<AgentState, AgentClientError> {
        self.runtime.block_on(self.client().set(wanted, breaks, by()))
    }

    pub(crate) fn figures(&self, link: Link) -> LinkFigures {
        let state = self.runtime.block_on(self.client().read(by())).expect("figures");
        let found = state.links.into_iter().find(|figures| figures.link == link);
        found.expect("the link was named before")
    }

    /// What harms did, once so many packets have come to them.
    pub(crate) fn harmed(&self, seen: u64) -> HarmCounters {
        let end = Instant::now() + PATIENCE;
        loop {
            let harmed = self.figures(link(Way::Out)).harmed;
            if harmed.seen >= seen {
                return harmed;
            }
            assert!(Instant::now() < end, "{seen} packets should have come: {harmed:?}");
        }
    }

    pub(crate) fn heal(&self) {
        self.set(Wanted::default(), Vec::new());
    }

    /// Waits until the agent has ended, and says how.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.process.try_wait().expect("a child") {
                return status.code();
            }
            assert!(Instant::now() < end, "the agent goes on");
            std::thread::yield_now();
        }
    }

    /// Ends the test, not as a failure, where this machine cannot do what it is about.
    pub(crate) fn needs(&self, abilities: &[fn(&Abilities) -> &Option<String>]) -> Fallible {
        let lacking = abilities.iter().find_map(|ability| ability(&self.abilities).clone());
        lacking.map_or(Ok(()), |why| Err(Lacking(why).into()))
    }

    /// The processor time its threads have taken, in nanoseconds.
    pub(crate) fn cpu_nanos(&self) -> u64 {
        let threads = format!("/proc/{}/task", self.process.id());
        let threads = std::fs::read_dir(threads).expect("a process").flatten();
        let nanos = |figures: String| -> Option<u64> { figures.split(' ').next()?.parse().ok() };
        threads
            .filter_map(|thread| std::fs::read_to_string(thread.path().join("schedstat")).ok())
            .filter_map(nanos)
            .sum()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.process.id() as i32), signal).expect("a process");
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts this test binary once more, in the node's namespace, to be what `role` says.
pub(crate) fn start_process(lab: &Lab, role: &str, patience: Duration, caps: &str) -> Child {
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new(program);
    command.args(["--exact", "agent_process", "--nocapture", "--test-threads", "1"]);
    command.env("TRIBUNAL_TEST_AGENT", role);
    command.env("TRIBUNAL_TEST_PATIENCE", patience.as_millis().to_string());
    command.env("TRIBUNAL_TEST_CAPABILITIES", caps);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    lab.node.inside(|| command.spawn()).expect("a process")
}

pub(crate) fn by() -> tokio::time::Instant {
    tokio::time::Instant::now() + PATIENCE
}

// What a test may need.
pub(crate) const CUTS: fn(&Abilities) -> &Option<String> = |abilities| &abilities.no_cuts;
pub(crate) const HARMS: fn(&Abilities) -> &Option<String> = |abilities| &abilities.no_packets;
pub(crate) const BREAKS: fn(&Abilities) -> &Option<String> = |abilities| &abilities.no_breaks;

/// The link from the peer to the node, or back.
pub(crate) fn link(way: Way) -> Link {
    let (node, peer) = (NodeId(2), NodeId(3));
    match way {
        Way::In => Link::between(peer, node),
        Way::Out => Link::between(node, peer),
    }
}

pub(crate) fn path(way: Way) -> Path {
    Path { link: link(way), way, peer: PEER, port: PORT }
}

pub(crate) fn cuts(cuts: &[(Way, CutFate)]) -> Wanted {
    let cut = |(way, fate): &(Way, CutFate)| Cut { path: path(*way), fate: *fate };
    Wanted { cuts: cuts.iter().map(cut).collect(), packets: Vec::new() }
}

pub(crate) fn harm(fault: PacketFault, seed: u64) -> Wanted {
    let harm = Harm { link: link(Way::Out), peer: PEER, fault, seed };
    Wanted { cuts: Vec::new(), packets: vec![harm] }
}

/// Makes a pair of devices `eth0`, one here, one in the other namespace.
fn join(other: &Space) -> io::Result<()> {
    let header = Ifinfomsg::default();
    let mut request = rt_link::Request::new().set_create().set_excl().op_newlink_do(&header);
    {
        let link = request.encode().push_ifname(c"eth0");
        let mut info = link.nested_linkinfo().push_kind(c"veth");
        let buffer = info.as_vec_mut();
        // IFLA_INFO_DATA, and in it VETH_INFO_PEER.
        let data = utils::push_nested_header(buffer, 2);
        let peer = utils::push_nested_header(buffer, 1);
        buffer.extend(Ifinfomsg::default().as_slice());
        let namespace = u32::try_from(other.0.as_raw_fd()).expect("a descriptor");
        let peer_link = rt_link::PushLinkAttrs::new(&mut *buffer).push_ifname(c"eth0");
        drop(peer_link.push_net_ns_fd(namespace));
        utils::finalize_nested_header(buffer, peer);
        utils::finalize_nested_header(buffer, data);
    }
    acknowledge(&request)
}

/// Sets `lo` and `eth0` up, and gives the latter its address.
fn raise(address: Ipv4Addr) -> io::Result<()> {
    let eth0 = nix::net::if_::if_nametoindex("eth0")?;
    for index in [1, eth0 as i32] {
        let up = IfinfoFlags::Up as u32;
        let header =
            Ifinfomsg { ifi_index: index, ifi_flags: up, ifi_change: up, ..Default::default() };
        acknowledge(&rt_link::Request::new().op_setlink_do(&header))?;
    }
    let header = Ifaddrmsg {
        ifa_index: eth0,
        ifa_family: libc::AF_INET as u8,
        ifa_prefixlen: 24,
        ..Default::default()
    };
    let mut request = rt_addr::Request::new().set_create().op_newaddr_do(&header);
    request.encode().push_local(IpAddr::V4(address)).push_address(IpAddr::V4(address));
    acknowledge(&request)
}

fn acknowledge<R: NetlinkRequest>(request: &R) -> io::Result<()> {
    assert!(request.payload().len() > Nlmsghdr::len() - 8);
    Ok(NetlinkSocket::new().request(request)?.recv_ack()?)
}
