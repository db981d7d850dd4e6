/** Tables of edge-api. */
export interface EdgeTables {}
