/** compatible: tables of the ledger. */
export async function up(): Promise<void> {}
