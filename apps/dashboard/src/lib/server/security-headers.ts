/**
 * What every answer of the panel says beside its Content-Security-Policy (vite.config.ts).
 * The old X-Frame-Options stands beside `frame-ancestors` for proxies that look for it.
 */
export const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
} as const satisfies Record<string, string>
