/** Tables of packages/jobs. */
export interface ImagesTables {}
