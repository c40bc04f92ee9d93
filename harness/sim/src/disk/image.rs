use std::collections::BTreeMap;
use std::sync::Arc;

use super::device::DeviceFile;
use super::file::SimFile;
use super::names::{FileId, Names};
use super::{FaultKind, SimDisk};

/// What was durable at some time; shares its blocks with the disk. Cheap to clone.
#[derive(Clone, Debug)]
pub struct DiskImage(Arc<Content>);

#[derive(Debug)]
struct Content {
    names: BTreeMap<String, FileId>,
    files: BTreeMap<FileId, DeviceFile>,
}

impl SimDisk {
    /// What is durable now: what a power cut that keeps nothing else would leave.
    pub fn image(&self) -> DiskImage {
        let names = self.names.durable().clone();
        let files = names
            .values()
            .filter_map(|id| Some((*id, self.files.get(id)?.device.without_history())))
            .collect();
        DiskImage(Arc::new(Content { names, files }))
    }

    /// The disk is replaced by this image; for a machine that is off. What is not in it is gone,
    /// and no block has an earlier version.
    pub fn restore(&mut self, image: &DiskImage) {
        let replaced = self.files.len() as u64;
        self.names = Names::durable_only(image.0.names.clone());
        let content = image.0.files.iter();
        self.files = content.map(|(id, device)| (*id, SimFile::cold(device.clone()))).collect();
        let last = self.files.keys().next_back().copied().unwrap_or(0);
        self.next_file = self.next_file.max(last);
        self.used = self.files.values().map(|file| file.cache.len() as u64).sum();
        self.log(FaultKind::Rollback, replaced);
    }

    /// Everything is gone, and whose disk it was; for a machine that is off.
    pub fn wipe(&mut self) {
        let lost = self.files.len() as u64;
        self.names = Names::default();
        self.owner = None;
        self.files.clear();
        self.used = 0;
        self.log(FaultKind::Wipe, lost);
    }
}
