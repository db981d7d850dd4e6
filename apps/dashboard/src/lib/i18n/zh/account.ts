import type { messages as english } from '../en/account.ts'
import type { Messages } from '../messages.ts'

export const messages: Messages<typeof english> = {
  title: '账号',
  lead: '登录方式与面板显示设置。',
  yourAccount: '个人信息',
  email: '邮箱',
  role: '角色',
  roles: { user: '用户', admin: '管理员' },
  since: '注册时间',
  password: '密码',
  passwordLead: '修改后，其他设备上的登录都会失效。',
  currentPassword: '当前密码',
  newPassword: '新密码',
  newPasswordHelp: (characters) => `至少 ${characters} 个字符。`,
  change: '修改密码',
  changing: '正在修改密码',
  changed: '密码已修改，其他会话均已失效。',
  appearance: '显示',
  appearanceLead: '保存在当前浏览器中。',
  zone: '时区',
  zoneHelp: '取自当前浏览器；报表按 UTC 日期统计。',
  session: '会话',
  sessionLead: '仅退出当前浏览器，API 密钥不受影响。',
}
