//! What a completion says that its file left to the invocation.

use crate::Function;

/// Whether a completion of this function gives nothing back but that it happened, so that one
/// without a value has the invocation's. Functions that are not ours may give back nil.
pub(super) const fn repeats_its_argument(function: Function) -> bool {
    match function {
        Function::Write
        | Function::Put
        | Function::Append
        | Function::Cas
        | Function::Add
        | Function::Remove
        | Function::Delete
        | Function::Enqueue
        | Function::Push
        | Function::Send
        | Function::Acquire
        | Function::Release
        | Function::Transfer => true,
        Function::Read
        | Function::Get
        | Function::Txn
        | Function::Dequeue
        | Function::Drain
        | Function::Generate
        | Function::Peek
        | Function::Pop
        | Function::Contains
        | Function::FetchAdd
        | Function::Poll
        | Function::Other(_) => false,
    }
}
