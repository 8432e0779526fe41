const SLOTS = 16_384;

/** The slot of a key in a Cluster: CRC16 (XMODEM) of the key, or of its hash tag if it has one. */
export function slotOf(key: string | Uint8Array): number {
  const bytes = typeof key === 'string' ? Buffer.from(key) : key;
  const start = bytes.indexOf(0x7b);
  const end = start < 0 ? -1 : bytes.indexOf(0x7d, start + 1);
  // An empty tag does not count.
  const hashed = end > start + 1 ? bytes.subarray(start + 1, end) : bytes;
  let crc = 0;
  for (const byte of hashed) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
    crc &= 0xffff;
  }
  return crc % SLOTS;
}
