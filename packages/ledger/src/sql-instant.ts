/** Instants as the engine reads them without any date setting: "2026-11-21 01:02:03.004", UTC by the column's type. */
export function sqlInstant(iso: string): string {
  return iso.slice(0, 23).replace('T', ' ');
}
