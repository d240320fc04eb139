/** JSON with money exact: a bigint is written as a decimal string, which the schemas read back. */
export function toWireJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? item.toString() : item));
}
