/** True in `npm run test:long`: what is repeated is repeated often, and every combination is tried. */
export const isLongRun = process.env['TEST_LONG'] === '1'
