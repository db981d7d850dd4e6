import type { messages as english } from '../en/welcome.ts'
import type { Messages } from '../messages.ts'

export const messages: Messages<typeof english> = {
  title: '欢迎使用 Sluice',
  lead: '所有上游，一个入口。三步即可上手。',
  balance: (credits) => `可用余额 ${credits} 额度。`,
  sandbox: {
    title: '当前由沙盒应答',
    text: '沙盒可以自行出图和对话，无需上游即可体验全部功能。图片只是示意图案，计费规则与正式环境一致。',
    admin: '拿到上游的 API 密钥后，添加一个真实渠道即可。',
    link: '添加渠道',
  },
  real: {
    title: '已接入真实上游',
    text: '图片与回答均来自上游，按价目表计费。',
    link: '查看渠道',
  },
  steps: {
    picture: {
      title: '画第一张图',
      text: '写下想看到的画面，实时查看绘制过程。提交前即可看到价格。',
      link: '打开创作',
    },
    key: {
      title: '为程序创建密钥',
      text: '兼容 OpenAI 协议：只需更换 base URL 和密钥，其余代码不变。',
      link: '创建 API 密钥',
    },
    call: {
      title: '随处调用',
      text: '将省略号替换为你的密钥：',
    },
  },
  done: '知道了，前往概览',
}
