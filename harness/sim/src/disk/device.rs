//! What of a file is on the device: blocks, and the version each had before.

use std::sync::Arc;

/// Bytes the page cache and the device move as one.
pub const BLOCK_BYTES: usize = 4096;
/// Bytes a device writes whole or not at all.
pub const SECTOR_BYTES: usize = 512;

pub(super) type Block = [u8; BLOCK_BYTES];

/// A file's content on the device.
///
/// Bytes of a block behind the length are zero. A block that was never written reads as zeros.
#[derive(Clone, Debug, Default)]
pub(super) struct DeviceFile {
    len: usize,
    blocks: Vec<Arc<Block>>,
    /// Beside each block: what it was before its last write.
    before: Vec<Before>,
}

/// What a write replaced: from this offset on the block held `old`, then zeros.
#[derive(Clone, Debug, Default)]
struct Before {
    from: u16,
    old: Box<[u8]>,
}

impl DeviceFile {
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// The blocks of a length.
    pub(super) const fn blocks_of(len: usize) -> usize {
        len.div_ceil(BLOCK_BYTES)
    }

    /// How many blocks were written, or lie before one that was.
    pub(super) fn written_blocks(&self) -> usize {
        self.blocks.len()
    }

    /// The whole content.
    pub(super) fn load(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.len);
        for block in &self.blocks {
            let take = BLOCK_BYTES.min(self.len - bytes.len());
            bytes.extend_from_slice(&block[..take]);
        }
        bytes.resize(self.len, 0);
        bytes
    }

    /// One block; zeros where nothing was ever written.
    pub(super) fn block(&self, index: usize) -> Block {
        self.blocks.get(index).map_or([0; BLOCK_BYTES], |block| **block)
    }

    /// One block as it was before its last write; `None` if it was never written.
    pub(super) fn block_before(&self, index: usize) -> Option<Block> {
        let before = self.before.get(index)?;
        let mut block = self.block(index);
        let (_, rest) = block.split_at_mut(usize::from(before.from));
        let (old, zeros) = rest.split_at_mut(before.old.len());
        old.copy_from_slice(&before.old);
        zeros.fill(0);
        Some(block)
    }

    /// Writes one block from `start` to its end: these bytes, then zeros. The length stays.
    pub(super) fn put(&mut self, index: usize, start: usize, bytes: &[u8]) {
        let end = start + bytes.len();
        let valid = self.valid(index);
        let block = self.block_mut(index);
        let old = block.get(start..valid).unwrap_or_default().into();
        block[start..end].copy_from_slice(bytes);
        if end < valid {
            block[end..valid].fill(0);
        }
        self.before[index] = Before { from: start as u16, old };
    }

    /// Puts a block's worth of bytes where they do not belong; a block keeps its own length.
    pub(super) fn overwrite(&mut self, index: usize, page: &Block) {
        let valid = self.valid(index);
        self.put(index, 0, &page[..valid]);
    }

    /// A byte; zero where nothing was ever written.
    pub(super) fn byte(&self, offset: usize) -> u8 {
        let block = self.blocks.get(offset / BLOCK_BYTES);
        block.map_or(0, |block| block[offset % BLOCK_BYTES])
    }

    /// Flips every bit of `mask` in a byte.
    pub(super) fn flip(&mut self, offset: usize, mask: u8) {
        self.block_mut(offset / BLOCK_BYTES)[offset % BLOCK_BYTES] ^= mask;
    }

    /// Cuts or lengthens; what is added and was not put there reads as zeros.
    pub(super) fn set_len(&mut self, len: usize) {
        let tail = len % BLOCK_BYTES;
        if len < self.len && tail > 0 && len / BLOCK_BYTES < self.blocks.len() {
            self.put(len / BLOCK_BYTES, tail, &[]);
        }
        self.resize(len);
    }

    /// As [`DeviceFile::set_len`], when the last block was put there with its new end.
    pub(super) fn resize(&mut self, len: usize) {
        let kept = DeviceFile::blocks_of(len);
        self.blocks.truncate(kept);
        self.before.truncate(kept);
        self.len = len;
    }

    /// The same content, without the versions before.
    pub(super) fn without_history(&self) -> DeviceFile {
        let before = vec![Before::default(); self.blocks.len()];
        DeviceFile { len: self.len, blocks: self.blocks.clone(), before }
    }

    /// How much of a block lies within the length.
    fn valid(&self, index: usize) -> usize {
        self.len.saturating_sub(index * BLOCK_BYTES).min(BLOCK_BYTES)
    }

    fn block_mut(&mut self, index: usize) -> &mut Block {
        if index >= self.blocks.len() {
            self.blocks.resize_with(index + 1, || Arc::new([0; BLOCK_BYTES]));
            self.before.resize_with(index + 1, Before::default);
        }
        Arc::make_mut(&mut self.blocks[index])
    }
}
