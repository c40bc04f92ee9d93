//! One rule, in the kernel's terms.

use std::ffi::CStr;

use netlink_bindings::nftables::{
    Chained, CmpOps, MetaKeys, Nfgenmsg, ObjectType, PayloadBase, PushExprListAttrs, PushRuleAttrs,
    Registers, RejectTypes, VerdictCode,
};
use netlink_bindings::utils::RequestBuf;

use crate::protocol::{Cut, CutFate, Way};

const UNSPECIFIED: Nfgenmsg =
    Nfgenmsg { nfgen_family: libc::NFPROTO_UNSPEC as u8, version: 0, _res_id_be: 0 };

/// The family of our table.
pub(super) const IPV4: Nfgenmsg =
    Nfgenmsg { nfgen_family: libc::NFPROTO_IPV4 as u8, ..UNSPECIFIED };

/// Begins and ends a batch. The subsystem goes in network byte order.
pub(super) const BATCH: Nfgenmsg =
    Nfgenmsg { _res_id_be: (libc::NFNL_SUBSYS_NFTABLES as u16).to_be(), ..UNSPECIFIED };

// Where fields are in the IPv4 and the TCP header.
const SOURCE_ADDRESS: u32 = 12;
const DESTINATION_ADDRESS: u32 = 16;
const SOURCE_PORT: u32 = 0;
const DESTINATION_PORT: u32 = 2;
const FLAGS: u32 = 13;

const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const ACK: u8 = 0x10;

const REGISTER: u32 = Registers::Reg1 as u32;

/// A cut as it stands in the table.
///
/// A reset passes every cut that answers by resets, or else no answer would get out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::agent) struct Rule {
    /// The cut.
    pub(in crate::agent) cut: Cut,
    /// Whether resets pass a cut that drops, for as long as connections are being broken.
    pub(in crate::agent) spares_resets: bool,
}

impl Rule {
    /// Appends it to the chain `place.1` of the table `place.0`.
    pub(super) fn push(&self, batch: &mut Chained, place: (&CStr, &CStr), counter: &CStr) {
        let path = self.cut.path;
        let (address, port) = match path.way {
            Way::In => (SOURCE_ADDRESS, DESTINATION_PORT),
            Way::Out => (DESTINATION_ADDRESS, SOURCE_PORT),
        };
        let rule = batch.request().set_create().set_append().op_newrule_do(&IPV4).into_encoder();
        let list = rule.push_table(place.0).push_chain(place.1).nested_expressions();
        let list = payload(list, (PayloadBase::NetworkHeader, address, 4));
        let list = equals(list, &path.peer.octets());
        let list = equals(protocol(list), &[libc::IPPROTO_TCP as u8]);
        let list = payload(list, (PayloadBase::TransportHeader, port, 2));
        let list = equals(list, &path.port.to_be_bytes());
        let list = match self.flags() {
            Some((mask, value)) => {
                let list = payload(list, (PayloadBase::TransportHeader, FLAGS, 1));
                equals(masked(list, mask), &[value])
            }
            None => list,
        };
        finish(list, self.cut.fate, counter);
    }

    /// Which flags of TCP are looked at, and what they must be.
    fn flags(&self) -> Option<(u8, u8)> {
        match self.cut.fate {
            CutFate::Drop if !self.spares_resets => None,
            CutFate::Drop | CutFate::Reset => Some((RST, 0)),
            CutFate::Refuse => Some((SYN | ACK, SYN)),
        }
    }
}

type Expressions<'a> = PushExprListAttrs<PushRuleAttrs<RequestBuf<'a>>>;

fn payload<'a>(list: Expressions<'a>, field: (PayloadBase, u32, u32)) -> Expressions<'a> {
    let load = list.nested_elem().nested_data_payload().push_dreg(REGISTER);
    let load = load.push_base(field.0 as u32).push_offset(field.1).push_len(field.2);
    load.end_nested().end_nested()
}

fn protocol(list: Expressions) -> Expressions {
    let load = list.nested_elem().nested_data_meta().push_dreg(REGISTER);
    load.push_key(MetaKeys::L4Proto as u32).end_nested().end_nested()
}

fn masked(list: Expressions, mask: u8) -> Expressions {
    let and = list.nested_elem().nested_data_bitwise().push_sreg(REGISTER).push_dreg(REGISTER);
    let and = and.push_len(1).nested_mask().push_value(&[mask]).end_nested();
    and.nested_xor().push_value(&[0]).end_nested().end_nested().end_nested()
}

fn equals<'a>(list: Expressions<'a>, value: &[u8]) -> Expressions<'a> {
    let compare = list.nested_elem().nested_data_cmp().push_sreg(REGISTER);
    let compare = compare.push_op(CmpOps::Eq as u32).nested_data().push_value(value);
    compare.end_nested().end_nested().end_nested()
}

fn finish(list: Expressions, fate: CutFate, counter: &CStr) {
    let count = list.nested_elem().nested_data_objref();
    let count = count.push_imm_type(ObjectType::Counter as u32).push_imm_name(counter);
    let list = count.end_nested().end_nested();
    match fate {
        CutFate::Drop => {
            let verdict = list.nested_elem().nested_data_immediate();
            let verdict = verdict.push_dreg(Registers::RegVerdict as u32);
            verdict.nested_data().nested_verdict().push_code(VerdictCode::Drop as u32);
        }
        CutFate::Reset | CutFate::Refuse => {
            let reject = list.nested_elem().nested_data_reject();
            reject.push_type(RejectTypes::TcpRst as u32).push_icmp_code(0);
        }
    }
}
