/** A page that is nothing but the phone: tests drive it through `window.harness`. */

import { Devices } from "../../../web/src/poste/telephone/devices";
import { echoTest } from "../../../web/src/poste/telephone/echo";
import { Fitness, type StateWord, type Verdict } from "../../../web/src/poste/telephone/fitness";
import { loudest, Meter } from "../../../web/src/poste/telephone/levels";
import { Measuring, type QualityWord } from "../../../web/src/poste/telephone/measuring";
import { Phone } from "../../../web/src/poste/telephone/phone";
import { mosOf, QualityReader, rating } from "../../../web/src/poste/telephone/quality";
import { Ring } from "../../../web/src/poste/telephone/ring";
import type { Credentials, Ended } from "../../../web/src/poste/telephone/words";

declare global {
  interface Window {
    renew: () => Promise<Credentials | null>;
    sayState: (word: StateWord) => Promise<Verdict | null>;
    sayQuality: (word: QualityWord) => Promise<boolean>;
    harness: unknown;
  }
}

const devices = new Devices(false);
const phone = new Phone(() => window.renew(), devices);
const endings: Ended[] = [];
const states: string[] = [];
const messages: string[] = [];
let meter: Meter | null = null;
const reader = new QualityReader();

const fitness = new Fitness(phone, devices, (word) => window.sayState(word), () => undefined);
new Measuring(phone, (word) => window.sayQuality(word), () => undefined);
const start = phone.start.bind(phone);
phone.start = async () => {
  await start();
  fitness.start();
};

devices.listen({ fell: (message) => messages.push(message) });
phone.listen({
  changed: (view) => view.state !== states.at(-1) && states.push(view.state),
  ended: (how) => endings.push(how),
  heard: (stream) => {
    meter?.close();
    meter = new Meter(stream);
  },
});

window.harness = {
  phone,
  devices,
  fitness,
  endings,
  states,
  messages,
  mosOf,
  rating,
  ring: new Ring(devices),
  echo: () => echoTest(phone),
  pitch: () => meter?.pitch() ?? 0,
  level: () => meter?.level() ?? -100,
  quality: async () => {
    const report = await phone.current?.connection?.getStats();
    return report === undefined ? null : reader.read(report);
  },
  microphoneLevel: async () => loudest(await devices.microphone(), 800),
};
