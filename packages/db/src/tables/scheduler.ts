/** Tables of scheduler. */
export interface SchedulerTables {}
