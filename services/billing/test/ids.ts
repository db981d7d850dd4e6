/** A valid id with a fixed number: `id('wal', 1)`. */
export const id = (prefix: string, number: number) =>
  `${prefix}_${number.toString(16).padStart(32, '0')}`
