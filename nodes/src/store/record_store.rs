use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Disk, Recovered, WriteOp};

use super::{Opened, SEGMENT_BYTES, Store, StoreError};

/// Version of the records' encoding; the first byte of every record.
const CODEC: u8 = 1;

/// A store of a protocol's records: postcard behind one version byte.
#[derive(Debug)]
pub struct RecordStore<D: Disk, R> {
    store: Store<D>,
    records: PhantomData<fn(R) -> R>,
}

impl<D: Disk, R: Serialize + DeserializeOwned> RecordStore<D, R> {
    /// Opens what is on the disk, or an empty store, as [`Store::open`].
    ///
    /// # Errors
    /// As [`Store::open`], or if a record cannot be decoded.
    pub fn open(disk: D) -> Result<(Self, Opened<R>), StoreError> {
        Self::open_with(disk, SEGMENT_BYTES)
    }

    /// As [`RecordStore::open`], with segments of another length.
    ///
    /// # Errors
    /// As [`RecordStore::open`].
    pub fn open_with(disk: D, segment_bytes: u64) -> Result<(Self, Opened<R>), StoreError> {
        let (store, opened) = Store::open_with(disk, segment_bytes)?;
        let records = opened
            .recovered
            .records
            .iter()
            .enumerate()
            .map(|(position, bytes)| decode(bytes, position))
            .collect::<Result<_, _>>()?;
        let recovered = Recovered {
            snapshot: opened.recovered.snapshot,
            records,
            repaired: opened.recovered.repaired,
        };
        let opened = Opened { recovered, repair: opened.repair, fresh: opened.fresh };
        Ok((RecordStore { store, records: PhantomData }, opened))
    }

    /// Writes these in order, as [`Store::write`].
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn write(&mut self, ops: &[WriteOp<R>]) -> Result<(), StoreError> {
        let encoded: Vec<WriteOp<Vec<u8>>> = ops.iter().map(encode_op).collect();
        self.store.write(&encoded)
    }

    /// Makes everything written so far durable, as [`Store::sync`].
    ///
    /// # Errors
    /// As [`Store::sync`].
    pub fn sync(&mut self) -> Result<(), StoreError> {
        self.store.sync()
    }

    /// The store of bytes below.
    pub const fn store(&self) -> &Store<D> {
        &self.store
    }

    /// The store of bytes below.
    pub const fn store_mut(&mut self) -> &mut Store<D> {
        &mut self.store
    }

    /// Gives the disk back, as it is: nothing is synced.
    pub fn into_disk(self) -> D {
        self.store.into_disk()
    }
}

fn encode_op<R: Serialize>(op: &WriteOp<R>) -> WriteOp<Vec<u8>> {
    match op {
        WriteOp::Record(record) => WriteOp::Record(encode(record)),
        WriteOp::Checkpoint { snapshot, tail } => WriteOp::Checkpoint {
            snapshot: snapshot.clone(),
            tail: tail.iter().map(encode).collect(),
        },
    }
}

fn encode<R: Serialize>(record: &R) -> Vec<u8> {
    postcard::to_extend(record, vec![CODEC])
        .expect("invariant: a record's types are plain data, which postcard encodes into a vector")
}

fn decode<R: DeserializeOwned>(bytes: &[u8], position: usize) -> Result<R, StoreError> {
    let failed = |what: String| StoreError::Record { position, what };
    let Some((&CODEC, body)) = bytes.split_first() else {
        return Err(failed(format!("encoding version {:?}", bytes.first())));
    };
    match postcard::take_from_bytes(body) {
        Ok((record, [])) => Ok(record),
        Ok((_, rest)) => Err(failed(format!("{} bytes too many", rest.len()))),
        Err(error) => Err(failed(error.to_string())),
    }
}
