/** compatible: tables of image jobs. */
export async function up(): Promise<void> {}
