import type { messages as english } from '../en/login.ts'
import type { Messages } from '../messages.ts'

export const messages: Messages<typeof english> = {
  title: '登录',
  lead: '你的图像与对话网关。',
  email: '邮箱',
  password: '密码',
  showPassword: '显示密码',
  submit: '登录',
  submitting: '正在登录',
  noAccount: '还没有账号？',
  registerLink: '注册',
  registerTitle: '注册账号',
  registerLead: '只需要邮箱和密码。',
  newPassword: '设置密码',
  newPasswordHelp: (characters) => `至少 ${characters} 个字符。一句话更容易记住。`,
  registerSubmit: '注册',
  registerSubmitting: '正在注册',
  hasAccount: '已有账号？',
  loginLink: '去登录',
  closed: '本站未开放注册，请联系管理员开通账号。',
  firstStart: '首次启动？登录邮箱和密码已在终端中显示，仅此一次。',
  comeBack: '登录后会返回请求的页面。',
}
