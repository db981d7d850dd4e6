/** The product's own role and database in the embedded server. */
export const DATABASE = 'sluice'

/** The connection URL of the product's role. */
export function embeddedUrl({ port, password }: { port: number; password: string }): string {
  return `postgres://${DATABASE}:${password}@127.0.0.1:${port}/${DATABASE}`
}
