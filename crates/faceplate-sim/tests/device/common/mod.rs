//! What the NVS tests share: the partition, the keys of the design, and a script that uses them.

pub mod generator;
pub mod nvs_parser;

use std::collections::BTreeMap;

use embedded_storage::nor_flash::ReadNorFlash;
use faceplate::{EspNvs, NAMESPACE, Nvs, Region};
use faceplate_sim::flash::{FlashError, SimFlash};
use nvs_parser::{Partition, Value};

/// The NVS partition of the tests, of the size in `partitions.csv`.
pub const PARTITION: Region = Region {
    offset: 0x9000,
    len: 0x6000,
};

/// Keys and values of all namespaces, as the parser gives them.
pub type Values = BTreeMap<(String, String), Value>;

pub fn blank() -> SimFlash {
    SimFlash::blank(0x10000)
}

pub fn open(flash: &SimFlash) -> EspNvs<SimFlash> {
    EspNvs::new(flash.clone(), PARTITION)
}

/// What the independent parser says of the partition, read as the chip reads it.
pub fn parse(flash: &SimFlash) -> Result<Partition, String> {
    let mut bytes = vec![0; PARTITION.len as usize];
    ReadNorFlash::read(&mut flash.clone(), PARTITION.offset, &mut bytes)
        .map_err(|error: FlashError| error.to_string())?;
    nvs_parser::parse(&bytes)
}

/// One change of one key.
#[derive(Debug, Clone)]
pub struct Step {
    pub key: &'static str,
    /// `None` removes it.
    pub value: Option<Value>,
}

impl Step {
    pub fn new(key: &'static str, value: Value) -> Self {
        Self {
            key,
            value: Some(value),
        }
    }

    pub fn run<N: Nvs>(&self, nvs: &mut N) -> Result<(), N::Error> {
        match &self.value {
            Some(Value::U8(value)) => nvs.set_u8(self.key, *value),
            Some(Value::U32(value)) => nvs.set_u32(self.key, *value),
            Some(Value::Blob(value)) => nvs.set_blob(self.key, value),
            None => nvs.remove(self.key),
            Some(value) => panic!("the port has no {value:?}"),
        }
    }

    /// The values after it.
    pub fn on(&self, values: &Values) -> Values {
        let mut values = values.clone();
        let key = (NAMESPACE.to_owned(), self.key.to_owned());
        match &self.value {
            Some(value) => values.insert(key, value.clone()),
            None => values.remove(&key),
        };
        values
    }
}

/// The five keys, read through the port.
pub fn read_all<N: Nvs>(nvs: &mut N) -> Result<Values, N::Error> {
    let mut values = Values::new();
    let mut put = |key: &str, value| values.insert((NAMESPACE.to_owned(), key.to_owned()), value);
    if let Some(value) = nvs.get_u8("active")? {
        put("active", Value::U8(value));
    }
    for key in ["trial", "last"] {
        if let Some(value) = nvs.get_u32(key)? {
            put(key, Value::U32(value));
        }
    }
    for key in ["img0", "img1"] {
        let mut blob = [0; 36];
        if nvs.get_blob(key, &mut blob)? {
            put(key, Value::Blob(blob.to_vec()));
        }
    }
    Ok(values)
}

/// Only what is in the namespace of the port.
pub fn ours(values: &Values) -> Values {
    values
        .iter()
        .filter(|((namespace, _), _)| namespace == NAMESPACE)
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// The sets of so many updates, each on trial for two boots and then confirmed.
pub fn updates(count: u32) -> Vec<Step> {
    let mut steps = Vec::new();
    for n in 1..=count {
        let slot = (n % 2) as u8;
        let image: Vec<u8> = (0..36)
            .map(|i| (n as u8).wrapping_mul(31) ^ (i * 7))
            .collect();
        let trial = |boots| Value::U32(u32::from_le_bytes([slot, boots, n as u8, 0]));
        let last = Value::U32(u32::from_le_bytes([1, 1 - slot, slot, 0]));
        steps.push(Step::new(
            ["img0", "img1"][usize::from(slot)],
            Value::Blob(image),
        ));
        steps.push(Step::new("trial", trial(3)));
        steps.push(Step::new("last", last));
        steps.push(Step::new("active", Value::U8(slot)));
        steps.push(Step::new("trial", trial(2)));
        steps.push(Step::new("trial", trial(1)));
        steps.push(Step {
            key: "trial",
            value: None,
        });
    }
    steps
}

/// Sets a string as firmware does that knows nothing of Faceplate, in any namespace.
pub fn set_as_others_do(flash: &SimFlash, namespace: &str, key: &str, value: &str) {
    use esp_nvs::{Key, mem_flash::MemFlash};

    let len = PARTITION.len as usize;
    let memory = MemFlash::from_bytes(flash.peek(PARTITION.offset, len).unwrap());
    let mut nvs = esp_nvs::Nvs::new(0, len, memory).unwrap();
    let (namespace, key) = (Key::from_str(namespace), Key::from_str(key));
    nvs.set(&namespace, &key, value).unwrap();
    flash
        .poke(PARTITION.offset, &nvs.into_inner().into_inner())
        .unwrap();
}

/// A partition that other parts of a firmware use too: a page and a half of live values, and
/// what is left of old ones between them.
pub fn with_neighbours() -> SimFlash {
    use esp_nvs::{Key, mem_flash::MemFlash};

    let flash = blank();
    let memory = MemFlash::new(PARTITION.len as usize / 4096);
    let mut nvs = esp_nvs::Nvs::new(0, PARTITION.len as usize, memory).unwrap();
    let (wifi, phy) = (Key::from_str("nvs.net80211"), Key::from_str("phy"));
    let calibration: Vec<u8> = (0..1904u32).map(|i| (i * i % 251) as u8).collect();
    for round in 0..40u32 {
        nvs.set(
            &wifi,
            &Key::from_str("sta.ssid"),
            format!("network {round}").as_str(),
        )
        .unwrap();
        nvs.set(&wifi, &Key::from_str("sta.chan"), (round % 13) as u8)
            .unwrap();
        let key = format!("counter{}", round % 20);
        nvs.set(&wifi, &Key::from_str(&key), u64::from(round))
            .unwrap();
    }
    nvs.set(&phy, &Key::from_str("cal_data"), calibration.as_slice())
        .unwrap();
    for round in 0..30u32 {
        let key = format!("key{round}");
        nvs.set(&phy, &Key::from_str(&key), round as i16 - 7)
            .unwrap();
    }
    flash
        .poke(PARTITION.offset, &nvs.into_inner().into_inner())
        .unwrap();
    flash
}
