import Activity from '@lucide/svelte/icons/activity'
import Box from '@lucide/svelte/icons/box'
import CircleUser from '@lucide/svelte/icons/circle-user'
import ChartColumn from '@lucide/svelte/icons/chart-column'
import Gauge from '@lucide/svelte/icons/gauge'
import Images from '@lucide/svelte/icons/images'
import KeyRound from '@lucide/svelte/icons/key-round'
import ListChecks from '@lucide/svelte/icons/list-checks'
import Paintbrush from '@lucide/svelte/icons/paintbrush'
import ReceiptText from '@lucide/svelte/icons/receipt-text'
import Route from '@lucide/svelte/icons/route'
import Users from '@lucide/svelte/icons/users'
import type { Component } from 'svelte'
import type { NavItemName } from './nav-items.ts'

/** The icon of each page, in the rail and in the palette. */
export const icons: Record<NavItemName, Component> = {
  overview: Gauge,
  studio: Paintbrush,
  gallery: Images,
  keys: KeyRound,
  usage: ChartColumn,
  ledger: ReceiptText,
  account: CircleUser,
  welcome: CircleUser,
  admin: Activity,
  users: Users,
  channels: Route,
  models: Box,
  allImages: ListChecks,
}
