/**
 * Micro-credits with up to six decimals, as credits with all their digits: `12500.25` is `0.01250025`.
 * Works on text only, so that no digit is lost to a float.
 */
export function creditsOfExactMicros(text: string): string {
  const negative = text.startsWith('-')
  const [whole = '0', fraction = ''] = text.replace('-', '').split('.')
  const digits = whole.padStart(7, '0')
  const decimals = `${digits.slice(-6)}${fraction}`.replace(/0+$/, '')
  const credits = digits.slice(0, -6).replace(/^0+(?=\d)/, '')
  return `${negative ? '-' : ''}${credits}${decimals === '' ? '' : `.${decimals}`}`
}
