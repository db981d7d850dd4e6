/** The roles of users. */
export const roles = ['user', 'admin'] as const
export type Role = (typeof roles)[number]

const everyone = ['user', 'admin'] as const
const admins = ['admin'] as const

/** The permissions, `resource:action`, with the roles that have them. The only such table. */
export const permissions = {
  'own-account:read': everyone,
  'own-account:edit': everyone,
  'own-keys:read': everyone,
  'own-keys:edit': everyone,
  'own-images:read': everyone,
  'own-images:create': everyone,
  'own-usage:read': everyone,
  'own-ledger:read': everyone,
  'users:read': admins,
  'users:edit': admins,
  'credits:grant': admins,
  'channels:read': admins,
  'channels:edit': admins,
  'models:read': admins,
  'models:edit': admins,
  'images:read': admins,
  'images:edit': admins,
  'overview:read': admins,
} as const satisfies Record<string, readonly Role[]>

export type Permission = keyof typeof permissions

/** True when the role has the permission. */
export function hasPermission(role: Role, permission: Permission): boolean {
  const allowed: readonly Role[] = permissions[permission]
  return allowed.includes(role)
}

/** All permissions of a role; for the panel's menus. */
export function permissionsOf(role: Role): Permission[] {
  return (Object.keys(permissions) as Permission[]).filter((permission) =>
    hasPermission(role, permission),
  )
}
