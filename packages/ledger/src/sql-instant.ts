/** Instants as the engine reads them without any date setting: "2026-11-21 01:02:03.004", UTC by the column's type. */
export function sqlInstant(iso: string): string {
  return iso.slice(0, 23).replace('T', ' ');
}

/** With six decimals, as the engine's own clock tells them. */
export function sqlInstantFromMicros(instantMicros: bigint): string {
  const ms = new Date(Number(instantMicros / 1_000n)).toISOString();
  return `${sqlInstant(ms)}${(instantMicros % 1_000n).toString().padStart(3, '0')}`;
}
