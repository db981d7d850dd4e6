/** The keys of a job's blobs. Deterministic, so that the next holder of a job finds them. */
export const partKey = (jobId: string, index: number): string => `jobs/${jobId}/parts/${index}`

export const partialKey = (jobId: string, index: number, partialIndex: number): string =>
  `jobs/${jobId}/partials/${index}/${partialIndex}`

/** An input picture or the mask; `name` consists of a-z, 0-9, `_` and `-`. */
export const inputKey = (jobId: string, name: string): string => `jobs/${jobId}/inputs/${name}`

export const partsPrefix = (jobId: string): string => `jobs/${jobId}/parts/`
export const partialsPrefix = (jobId: string): string => `jobs/${jobId}/partials/`
export const inputsPrefix = (jobId: string): string => `jobs/${jobId}/inputs/`
export const JOBS_PREFIX = 'jobs/'

/** The job of a blob key; undefined for a key of another kind. */
export const jobOfKey = (key: string): string | undefined => /^jobs\/([^/]+)\//.exec(key)?.[1]
