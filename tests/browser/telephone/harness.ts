/** A page that is nothing but the phone: tests drive it through `window.harness`. */

import { Devices } from "../../../web/src/poste/telephone/devices";
import { echoTest } from "../../../web/src/poste/telephone/echo";
import { loudest, Meter } from "../../../web/src/poste/telephone/levels";
import { Phone } from "../../../web/src/poste/telephone/phone";
import { mosOf, QualityReader, rating } from "../../../web/src/poste/telephone/quality";
import { Ring } from "../../../web/src/poste/telephone/ring";
import type { Credentials, Ended } from "../../../web/src/poste/telephone/words";

declare global {
  interface Window {
    renew: () => Promise<Credentials | null>;
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
