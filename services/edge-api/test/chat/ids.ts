/** An id that people can read. */
export const id = (prefix: string, n: number | string) => `${prefix}_${String(n).padStart(32, '0')}`
