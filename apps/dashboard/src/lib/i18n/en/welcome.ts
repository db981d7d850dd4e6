export const messages = {
  title: 'Welcome to Sluice',
  lead: 'One door in front of your upstreams. Three steps and you know it.',
  balance: (credits: string) => `You have ${credits} credits to spend.`,
  sandbox: {
    title: 'Models are answered by the sandbox',
    text: 'It draws and talks by itself, so everything here can be tried without an upstream. Pictures are patterns, prices are real.',
    admin: 'Add a real channel when you have an API key of an upstream.',
    link: 'Add a channel',
  },
  real: {
    title: 'A real upstream is connected',
    text: 'Pictures and answers come from it, and cost what the price list says.',
    link: 'See the channels',
  },
  steps: {
    picture: {
      title: 'Make a first picture',
      text: 'Write what you want to see, and watch it being drawn. You see the price before you press.',
      link: 'Open the studio',
    },
    key: {
      title: 'Make a key for your program',
      text: 'It speaks the OpenAI protocol: change the base URL and the key, keep the rest.',
      link: 'Make an API key',
    },
    call: {
      title: 'Call it from anywhere',
      text: 'Put your key in place of the dots:',
    },
  },
  done: 'Got it, go to the overview',
}
