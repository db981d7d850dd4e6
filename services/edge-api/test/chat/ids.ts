/** A readable id. */
export const id = (prefix: string, n: number | string) => `${prefix}_${String(n).padStart(32, '0')}`
