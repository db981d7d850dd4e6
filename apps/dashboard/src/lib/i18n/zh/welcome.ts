import type { messages as english } from '../en/welcome.ts'
import type { Messages } from '../messages.ts'

export const messages: Messages<typeof english> = {
  title: '欢迎使用 Sluice',
  lead: '所有上游，一个 API。三步即可上手。',
  balance: (credits) => `可用余额 ${credits} 额度。`,
  builtIn: {
    title: '沙盒已启用',
    text: '沙盒会生成测试图片和回答，无需上游即可试用全部功能。价格与正式环境一致。',
    admin: '有了上游的 API 密钥后，可添加真实渠道。',
    link: '添加渠道',
  },
  real: {
    title: '已接入真实上游',
    text: '图片与回答均来自上游，按价目表计费。',
    link: '查看渠道',
  },
  steps: {
    picture: {
      title: '生成图片',
      text: '输入提示词，实时查看进度。提交前显示价格。',
      link: '打开创作',
    },
    key: {
      title: '创建 API 密钥',
      text: '兼容 OpenAI 协议：只需更换 base URL 和密钥，其余代码不变。',
      link: '创建 API 密钥',
    },
    call: {
      title: '调用 API',
      text: '将省略号替换为你的密钥：',
    },
  },
  done: '前往概览',
}
