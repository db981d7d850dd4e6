/** compatible: tables of edge-api. */
export async function up(): Promise<void> {}
