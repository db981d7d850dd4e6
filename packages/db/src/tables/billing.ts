/** Tables of billing. */
export interface BillingTables {}
