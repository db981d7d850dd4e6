/** True in `npm run test:long`: more repetitions, and every combination instead of a sample. */
export const isLongRun = process.env['TEST_LONG'] === '1'
