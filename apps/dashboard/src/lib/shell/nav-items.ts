import type { Permission } from '@sluice/contracts/control/permissions'
import { paths } from '#lib/paths.ts'

export type NavItemName =
  | 'overview'
  | 'studio'
  | 'gallery'
  | 'keys'
  | 'usage'
  | 'ledger'
  | 'account'
  | 'welcome'
  | 'admin'
  | 'users'
  | 'channels'
  | 'models'
  | 'allImages'

export type NavItem = {
  name: NavItemName
  href: string
  /** Its group in the rail; `none` is not in the rail. */
  group: 'work' | 'operate' | 'none'
  needs: Permission
}

/** All navigation items in the order of the rail. */
export const navItems: readonly NavItem[] = [
  { name: 'overview', href: paths.overview(), group: 'work', needs: 'own-usage:read' },
  { name: 'studio', href: paths.studio(), group: 'work', needs: 'own-images:create' },
  { name: 'gallery', href: paths.gallery(), group: 'work', needs: 'own-images:read' },
  { name: 'keys', href: paths.keys(), group: 'work', needs: 'own-keys:read' },
  { name: 'usage', href: paths.usage(), group: 'work', needs: 'own-usage:read' },
  { name: 'ledger', href: paths.ledger(), group: 'work', needs: 'own-ledger:read' },
  { name: 'admin', href: paths.admin(), group: 'operate', needs: 'overview:read' },
  { name: 'users', href: paths.users(), group: 'operate', needs: 'users:read' },
  { name: 'channels', href: paths.channels(), group: 'operate', needs: 'channels:read' },
  { name: 'models', href: paths.models(), group: 'operate', needs: 'models:read' },
  { name: 'allImages', href: paths.allImages(), group: 'operate', needs: 'images:read' },
  { name: 'account', href: paths.account(), group: 'none', needs: 'own-account:read' },
  { name: 'welcome', href: paths.welcome(), group: 'none', needs: 'own-account:read' },
]

/** The navigation item of a path: the one with the longest matching path. */
export function navItemOf(pathname: string): NavItem | undefined {
  return navItems
    .filter(({ href }) => pathname === href || (href !== '/' && pathname.startsWith(`${href}/`)))
    .toSorted((one, other) => other.href.length - one.href.length)[0]
}

/** The last segment of a path below its navigation item: the id of the open object. */
export function idBelow(pathname: string): string | undefined {
  const navItem = navItemOf(pathname)
  if (!navItem || pathname === navItem.href) return undefined
  const last = pathname.split('/').findLast((part) => part !== '')
  return last === undefined ? undefined : decodeURIComponent(last)
}
