/** compatible: tables of the scheduler. */
export async function up(): Promise<void> {}
