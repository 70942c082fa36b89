/** What the notification says, in the language that was asked for. */
import type { LeaveEvent } from '#shared/bus/alerts.ts';

interface Facts {
  service: string;
  stop: string;
  /** `HH:MM` in Singapore; undefined where it is now. */
  leaveBy: string | undefined;
  eta: string;
  destination: string | null;
  monitored: boolean;
}

type Words = (facts: Facts) => { title: string; body: string };

const WORDS: Record<LeaveEvent['lang'], Words> = {
  en: ({ service, stop, leaveBy, eta, destination, monitored }) => ({
    title: `Time to leave for bus ${service}`,
    body: `${leaveBy ? `Leave by ${leaveBy}` : 'Leave now'}: ${destination ? `to ${destination}, ` : ''}at ${stop} ${eta}${monitored ? '' : ' by the timetable'}.`,
  }),
  zh: ({ service, stop, leaveBy, eta, destination, monitored }) => ({
    title: `该出发去搭 ${service} 号巴士了`,
    body: `${leaveBy ? `请在 ${leaveBy} 前出发` : '请现在出发'}：巴士${destination ? `开往 ${destination}，` : ''}${monitored ? '' : '按时刻表'} ${eta} 到 ${stop}。`,
  }),
  ms: ({ service, stop, leaveBy, eta, destination, monitored }) => ({
    title: `Masa untuk bertolak: bas ${service}`,
    body: `${leaveBy ? `Bertolak sebelum ${leaveBy}` : 'Bertolak sekarang'}: ${destination ? `ke ${destination}, ` : ''}di ${stop} pada ${eta}${monitored ? '' : ' mengikut jadual'}.`,
  }),
  ta: ({ service, stop, leaveBy, eta, destination, monitored }) => ({
    title: `பேருந்து ${service}: புறப்படும் நேரம்`,
    body: `${leaveBy ? `${leaveBy} மணிக்குள் புறப்படுங்கள்` : 'இப்போதே புறப்படுங்கள்'}: ${stop} நிறுத்தத்திற்கு ${eta} மணிக்கு வரும்${destination ? `, ${destination} செல்லும்` : ''}${monitored ? '' : ' (கால அட்டவணைப்படி)'}.`,
  }),
};

/** The JSON that the service worker shows. `url` is relative to where the page is; a second notification of one `tag` takes the first one's place. */
export function notification(leave: LeaveEvent, now: number): string {
  const { alert, stop, stopName, service, destination, eta, leaveAt, monitored, lang } = leave;
  const said = WORDS[lang]({
    service,
    stop: stopName ?? stop,
    leaveBy: Date.parse(leaveAt) > now ? clockTime(leaveAt) : undefined,
    eta: clockTime(eta),
    destination,
    monitored,
  });
  const url = `stops/${stop}?service=${encodeURIComponent(service)}`;
  return JSON.stringify({ ...said, lang, tag: alert, url, eta, leaveAt });
}

/** In Singapore, which is UTC+8 all year; rounded down to the minute, which is the early side. */
function clockTime(time: string): string {
  return new Date(Date.parse(time) + 8 * 3_600_000).toISOString().slice(11, 16);
}
