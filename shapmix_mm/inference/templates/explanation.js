'use strict';
/* Shows the clips of the element #data. One clip is shown at a time (Clip),
   at one frame, with one class explained; `state` says which. show...()
   fill in what changes with the clip, the class or the frame. */
(() => {
  const page = JSON.parse(document.getElementById('data').textContent);
  const find = (id) => document.getElementById(id);
  const prefers = (what) => matchMedia(`(prefers-${what})`);
  const stillness = prefers('reduced-motion: reduce');

  const USUAL_RATE = 30;  // Frames per second where the rate is unknown.
  const ZOOM_STEP = 1.25;
  const FIRST_PITCH = 0.14;  // Radians; a little from above.
  const MOST_COMBINATIONS = 5;
  const FAR_TO_GO = 1.6;  // Times the height of the bodies.
  const SMALLEST_SCALE = 0.01;  // One point; what is less stays pale.
  // After Okabe and Ito; beyond them the same ones striped.
  const CLASS_COLOURS = ['#0072b2', '#e69f00', '#009e73', '#cc79a7',
    '#56b4e9', '#d55e00', '#8a6fd1', '#b8a800'];

  const state = {
    clip: null,  // A Clip.
    chosen: null,  // Index of the class that is explained.
    cursor: 0,  // Position in frames, with a fraction while it plays.
    playing: !stillness.matches,
    speed: 1,
    yaw: 0, pitch: FIRST_PITCH, zoom: 1,
    lit: null,  // Set of joints that the pointer asks for.
  };

  // Text and elements ------------------------------------------------------

  /** Make an element; text is never read as markup. */
  function make(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith('--')) made.style.setProperty(name, value);
      else if (value === true) made.setAttribute(name, '');
      else if (value !== false) made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
  }

  const words = (name) => name.replaceAll('_', ' ');
  const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
  // What rounding left below 0 is 0.
  const percent = (value) => `${(100 * Math.max(value, 0)).toFixed(1)} %`;
  const percents = (value) => `${+(100 * value).toPrecision(3)}%`;

  /** Difference of probability in points, with its sign. */
  function points(value, digits = 1) {
    const text = (100 * Math.abs(value)).toFixed(digits);
    return Number(text) === 0 ? text : (value < 0 ? '−' : '+') + text;
  }

  /** Colour of a text on a background such as #0072b2. */
  function contrasting(colour) {
    const [red, green, blue] = channels(colour);
    return 0.3 * red + 0.59 * green + 0.11 * blue > 140 ? '#000' : '#fff';
  }

  // Colours ----------------------------------------------------------------

  let colours = {};

  /** Read the colours of the style, which are light or dark. */
  function readColours() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ['paper', 'panel', 'ink', 'muted', 'line', 'accent',
      'for', 'against', 'neutral', 'floor', 'unknown']) {
      colours[name] = style.getPropertyValue(`--${name}`).trim();
    }
  }

  function channels(hex) {
    const digits = hex.length === 4 ? [...hex.slice(1)].map((d) => d + d)
      : hex.slice(1).match(/../g);
    return digits.map((pair) => parseInt(pair, 16));
  }

  /** Mix of grey with the colour for or against; share is in [-1, 1]. */
  function diverging(share) {
    const from = channels(colours.neutral);
    const to = channels(share < 0 ? colours.against : colours.for);
    const amount = Math.min(Math.abs(share), 1);
    const mixed = from.map((c, i) => Math.round(c + (to[i] - c) * amount));
    return `rgb(${mixed.join(' ')})`;
  }

  // Geometry ---------------------------------------------------------------

  const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  const cross = (a, b) => [a[1] * b[2] - a[2] * b[1],
    a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
  const scaled = (a, factor) => a.map((x) => x * factor);
  const minus = (a, b) => a.map((x, i) => x - b[i]);
  const plus = (a, b) => a.map((x, i) => x + b[i]);

  /** Vector of length 1 along a, at right angles to up; null if short. */
  function level(a, up, least = 1e-6) {
    const flat = minus(a, scaled(up, dot(a, up)));
    const length = Math.hypot(...flat);
    return length > least ? scaled(flat, 1 / length) : null;
  }

  /** Least and greatest of numbers but for the outermost 0.4 percent. */
  function rangeOf(numbers) {
    if (!numbers.length) return [-1, 1];
    const sorted = Float32Array.from(numbers).sort();
    const strays = Math.round(0.004 * (sorted.length - 1));
    return [sorted[strays], sorted[sorted.length - 1 - strays]];
  }

  /** Round up to a number that reads well. */
  function niceCeil(value) {
    const unit = 10 ** Math.floor(Math.log10(value));
    const steps = [1, 1.5, 2, 3, 4, 5, 6, 8, 10];
    return unit * steps.find((step) => step * unit >= value * (1 - 1e-9));
  }

  /** A clip with what its pictures need and no change of view alters. */
  class Clip {
    constructor(data) {
      this.data = data;
      this.frames = data.points[0].length;
      this.persons = data.points.length;
      this.joints = data.joints.length;
      this.rate = data.rate ?? data.timeline?.rate ?? null;
      this.is3d = data.points[0][0][0].length === 3;
      this.place();
      this.measure();
      const explained = Object.values(data.explained);
      this.partScale = scaleOf(explained.flatMap((one) => [...one.parts,
        ...one.combinations.map((group) => group.value)]));
      this.segmentScale = scaleOf(explained.flatMap((one) =>
        (one.segments ?? []).map((segment) => segment.value)));
      // A class without values of joints is coloured by its parts.
      this.jointScale = scaleOf(explained.flatMap(
        (one) => one.joints ?? one.parts));
    }

    /** Turn all joints to axes right, up and towards the reader. */
    place() {
      const axes = this.is3d ? this.axes() : [[1, 0], [0, -1]];
      this.stride = axes.length;
      const size = this.joints * this.stride;
      this.positions = this.data.points.map((person) => {
        const flat = new Float32Array(this.frames * size);
        let at = 0;
        for (const frame of person) {
          for (const joint of frame) {
            for (const axis of axes) {
              flat[at++] = axis.reduce((sum, x, i) => sum + x * joint[i], 0);
            }
          }
        }
        return flat;
      });
      this.seen = this.positions.map((flat) => {
        const there = new Uint8Array(this.frames);
        for (let i = 0; i < flat.length; i++) {
          if (flat[i] !== 0) there[Math.floor(i / size)] = 1;
        }
        return there;
      });
    }

    /** Directions right, up and towards the reader of the first view. */
    axes() {
      const given = this.data.up ?? [0, 1, 0];
      const up = scaled(given, 1 / Math.hypot(...given));
      const right = this.sideways(up) ?? level([1, 0, 0], up)
        ?? level([0, 0, 1], up);
      return [right, up, cross(right, up)];
    }

    /** From one person to the other, else from right joints to left ones. */
    sideways(up) {
      const step = Math.ceil(this.frames / 200);
      const middles = [];
      let facing = [0, 0, 0];
      let size = 0;
      const pairs = leftRightPairs(this.data.joints);
      for (const person of this.data.points) {
        let middle = [0, 0, 0];
        let count = 0;
        for (let t = 0; t < this.frames; t += step) {
          const frame = person[t];
          if (!frame.some((joint) => joint.some((x) => x !== 0))) continue;
          count += 1;
          for (const joint of frame) middle = plus(middle, joint);
          for (const [left, right] of pairs) {
            const across = minus(frame[left], frame[right]);
            facing = plus(facing, across);
            size += Math.hypot(...across);
          }
        }
        if (count) middles.push(scaled(middle, 1 / (count * this.joints)));
      }
      // Where they turn about, left and right cancel out.
      const own = level(facing, up, 0.2 * size || 1e-6);
      if (middles.length < 2) return own;
      const apart = level(minus(middles[1], middles[0]), up);
      return apart && dot(apart, own ?? [1, 0, 0]) < 0
        ? scaled(apart, -1) : apart ?? own;
    }

    /** Extent of the bodies; a camera goes along where they go far. */
    measure() {
      this.path = new Float32Array(this.frames * this.stride);
      let extent = this.extent();
      if (extent.wide > FAR_TO_GO * extent.high) {
        this.path = this.smoothPath();
        extent = this.extent();
      }
      Object.assign(this, extent);
    }

    /** Middle, floor and extent around the path, without strays. */
    extent() {
      const along = Array.from({length: this.stride}, () => []);
      const skip = Math.ceil(this.frames * this.joints / 20000);
      this.positions.forEach((flat, person) => {
        for (let i = 0; i < this.frames * this.joints; i += skip) {
          const frame = Math.floor(i / this.joints);
          if (!this.has(person, frame, i % this.joints)) continue;
          along.forEach((list, axis) => list.push(
            flat[i * this.stride + axis]
              - this.path[frame * this.stride + axis]));
        }
      });
      const ranges = along.map(rangeOf);
      const middle = ranges.map(([low, high]) => (low + high) / 2);
      // The view may turn about the middle.
      const reach = along[0].map((x, i) => Math.hypot(
        x - middle[0], this.is3d ? along[2][i] - middle[2] : 0));
      return {
        middle,
        floor: ranges[1][0],
        high: (ranges[1][1] - ranges[1][0]) / 2 || 1,
        wide: rangeOf(reach)[1] || 1,
      };
    }

    /** Mean place of all bodies over two seconds; heights stay 0. */
    smoothPath() {
      const {frames, stride} = this;
      const second = Math.round(this.rate ?? USUAL_RATE);
      const path = new Float32Array(frames * stride);
      for (let axis = 0; axis < stride; axis += 2) {
        // Sums up to each frame make the mean of any stretch cheap.
        const sums = new Float64Array(frames + 1);
        const counts = new Float64Array(frames + 1);
        for (let t = 0; t < frames; t++) {
          sums[t + 1] = sums[t];
          counts[t + 1] = counts[t];
          this.positions.forEach((flat, person) => {
            for (let joint = 0; joint < this.joints; joint++) {
              if (!this.has(person, t, joint)) continue;
              sums[t + 1] += flat[(t * this.joints + joint) * stride + axis];
              counts[t + 1] += 1;
            }
          });
        }
        let last = 0;
        for (let t = 0; t < frames; t++) {
          // As far ahead as back: at the ends it does not stay behind.
          const reach = Math.min(second, t, frames - 1 - t);
          const [from, to] = [t - reach, t + reach + 1];
          const count = counts[to] - counts[from];
          if (count) last = (sums[to] - sums[from]) / count;
          path[t * stride + axis] = last;
        }
      }
      return path;
    }

    /** Whether a joint is there; in images (0, 0) is one not found. */
    has(person, frame, joint) {
      if (!this.seen[person][frame]) return false;
      if (this.is3d) return true;
      const at = (frame * this.joints + joint) * 2;
      const flat = this.positions[person];
      return flat[at] !== 0 || flat[at + 1] !== 0;
    }

    /** Values of the chosen class, or null. */
    explanation(index) {
      return this.data.explained[index] ?? null;
    }

    className(index) {
      const known = this.data.classes.find((one) => one.index === index);
      return words(known?.name ?? '');
    }

    /** Value of each joint: its own, else that of its part, else 0. */
    jointValues(index) {
      const one = this.explanation(index);
      const values = new Array(this.joints).fill(0);
      if (!one) return values;
      if (one.joints) return one.joints;
      this.data.parts.forEach((part, p) =>
        part.joints.forEach((joint) => { values[joint] = one.parts[p]; }));
      return values;
    }

    /** A frame as text: a time where the rate is known. */
    time(frame) {
      if (!this.rate) return `frame ${frame + 1}`;
      const seconds = frame / this.rate;
      if (this.frames / this.rate < 60) return `${seconds.toFixed(2)} s`;
      const tenths = Math.floor(seconds * 10);
      const rest = ((tenths % 600) / 10).toFixed(1).padStart(4, '0');
      return `${Math.floor(tenths / 600)}:${rest}`;
    }

    /** Where a frame lies in the whole, as text. */
    clock(frame) {
      const last = this.rate ? this.time(this.frames - 1) : this.frames;
      return `${this.time(frame)} of ${last}`;
    }
  }

  function scaleOf(values) {
    const most = Math.max(...values.map(Math.abs), SMALLEST_SCALE);
    return niceCeil(most);
  }

  /** Left and right joints by their names: shoulders and hips, if any. */
  function leftRightPairs(names) {
    const lower = names.map((name) => name.toLowerCase());
    const pairs = lower.flatMap((name, left) => {
      const right = lower.indexOf(name.replace('left', 'right'));
      return right >= 0 && right !== left ? [[left, right]] : [];
    });
    const girdles = pairs.filter(([left]) =>
      /shoulder|hip/.test(lower[left]));
    return girdles.length ? girdles : pairs;
  }

  // The skeleton -----------------------------------------------------------

  const canvas = find('skeleton');
  const pen = canvas.getContext('2d');
  let pointer = null;  // Where the mouse is over the canvas.

  /** Fit the pixels of a canvas to its size on the page. */
  function fitCanvas(target) {
    const {width, height} = target.getBoundingClientRect();
    const ratio = devicePixelRatio || 1;
    target.width = Math.max(1, Math.round(width * ratio));
    target.height = Math.max(1, Math.round(height * ratio));
    target.getContext('2d').setTransform(ratio, 0, 0, ratio, 0, 0);
    return {width, height};
  }

  let stage = {width: 1, height: 1};

  /** What the view is centred on. */
  const middleAt = (clip, frame) => clip.middle.map(
    (place, axis) => place + clip.path[frame * clip.stride + axis]);

  /** Function from a place (right, up, towards) to (x, y, depth, size). */
  function projection(clip, frame) {
    const room = clip.is3d ? 0.82 : 0.86;
    const scale = room * state.zoom * Math.min(
      stage.width / (2 * clip.wide), stage.height / (2 * clip.high));
    const far = 5 * Math.max(clip.wide, clip.high);
    const [cosYaw, sinYaw] = [Math.cos(state.yaw), Math.sin(state.yaw)];
    const [cosPitch, sinPitch] = [Math.cos(state.pitch), Math.sin(state.pitch)];
    const [middleX, middleY, middleZ] = middleAt(clip, frame);
    return (right, up, towards) => {
      let x = right - middleX;
      let y = up - middleY;
      let depth = 0;
      let size = 1;
      if (clip.is3d) {
        const z = towards - middleZ;
        const front = z * cosYaw - x * sinYaw;
        x = x * cosYaw + z * sinYaw;
        depth = y * sinPitch + front * cosPitch;
        y = y * cosPitch - front * sinPitch;
        size = far / Math.max(far - depth, far / 10);
      }
      return [stage.width / 2 + x * size * scale,
        stage.height / 2 - y * size * scale, depth, size];
    };
  }

  /** Lines on the floor, which show turns and ways; they stay in place. */
  function drawFloor(clip, frame, project) {
    const step = niceCeil(clip.wide / 4);
    const lines = Math.ceil(clip.wide * 1.15 / step);
    const [middleX, , middleZ] = middleAt(clip, frame);
    const [left, far] = [middleX, middleZ].map((middle) =>
      (Math.round(middle / step) - lines) * step);
    const length = 2 * lines * step;
    pen.strokeStyle = colours.floor;
    pen.lineWidth = 1;
    pen.beginPath();
    for (let at = 0; at <= length + step / 2; at += step) {
      for (const ends of [[[at, 0], [at, length]], [[0, at], [length, at]]]) {
        const [from, to] = ends.map(([x, z]) =>
          project(left + x, clip.floor, far + z));
        pen.moveTo(from[0], from[1]);
        pen.lineTo(to[0], to[1]);
      }
    }
    pen.stroke();
  }

  /** Joints of one person on the canvas; null where one is not there. */
  function projectPerson(clip, project, person, frame) {
    const flat = clip.positions[person];
    return Array.from({length: clip.joints}, (_, joint) => {
      if (!clip.has(person, frame, joint)) return null;
      const at = (frame * clip.joints + joint) * clip.stride;
      return project(flat[at], flat[at + 1], clip.is3d ? flat[at + 2] : 0);
    });
  }

  function drawBone(from, to, share, thick) {
    pen.beginPath();
    pen.moveTo(from[0], from[1]);
    pen.lineTo(to[0], to[1]);
    pen.lineWidth = thick;
    pen.strokeStyle = diverging(share);
    pen.stroke();
  }

  function drawJoint(place, share, radius, lit) {
    pen.beginPath();
    pen.arc(place[0], place[1], radius, 0, 2 * Math.PI);
    pen.fillStyle = diverging(share);
    pen.fill();
    pen.lineWidth = lit ? 2.5 : 1.5;
    pen.strokeStyle = lit ? colours.ink : colours.panel;
    pen.stroke();
  }

  function drawLabel(text, x, y) {
    pen.font = '12px system-ui, "DejaVu Sans", sans-serif';
    const wide = pen.measureText(text).width + 12;
    const left = Math.max(4, Math.min(x - wide / 2, stage.width - wide - 4));
    const top = Math.max(4, y);
    pen.fillStyle = colours.ink;
    pen.beginPath();
    pen.roundRect(left, top, wide, 20, 5);
    pen.fill();
    pen.fillStyle = colours.paper;
    pen.textBaseline = 'middle';
    pen.textAlign = 'left';
    pen.fillText(text, left + 6, top + 10.5);
  }

  /** Numbers above the heads, where there are several persons. */
  function drawNumber(person, places) {
    const there = places.filter(Boolean);
    const top = there.reduce((a, b) => (b[1] < a[1] ? b : a));
    pen.font = '600 12px system-ui, "DejaVu Sans", sans-serif';
    pen.fillStyle = colours.muted;
    pen.textAlign = 'center';
    pen.textBaseline = 'bottom';
    pen.fillText(String(person + 1), top[0], top[1] - 11);
  }

  function drawSkeleton() {
    const {clip} = state;
    const frame = currentFrame();
    const project = projection(clip, frame);
    const values = clip.jointValues(state.chosen);
    const shares = values.map((value) => value / clip.jointScale);
    const unit = Math.max(0.75, Math.min(stage.width, stage.height) / 460);
    pen.clearRect(0, 0, stage.width, stage.height);
    if (clip.is3d) drawFloor(clip, frame, project);
    const strokes = [];
    let under = null;
    for (let person = 0; person < clip.persons; person++) {
      const places = projectPerson(clip, project, person, frame);
      if (!places.some(Boolean)) continue;
      if (clip.persons > 1) drawNumber(person, places);
      for (const [child, parent] of clip.data.bones) {
        const [from, to] = [places[child], places[parent]];
        if (!from || !to) continue;
        const share = (shares[child] + shares[parent]) / 2;
        // Never over its own joints.
        strokes.push([Math.min(from[2], to[2]), () =>
          drawBone(from, to, share, 4.2 * unit * from[3])]);
      }
      places.forEach((place, joint) => {
        if (!place) return;
        // Size says what colour says, for whom colours look alike.
        const radius = unit * place[3]
          * (4.2 + 3.8 * Math.min(Math.abs(shares[joint]), 1));
        strokes.push([place[2], () => drawJoint(
          place, shares[joint], radius, state.lit?.has(joint))]);
        const gap = pointer
          ? Math.hypot(pointer.x - place[0], pointer.y - place[1]) : Infinity;
        if (gap < Math.max(radius + 3, 10) && gap < (under?.gap ?? Infinity)) {
          under = {gap, joint, place};
        }
      });
    }
    strokes.sort((a, b) => a[0] - b[0]);
    for (const [, draw] of strokes) draw();
    if (!strokes.length) {
      drawLabel('nobody is seen in this frame', stage.width / 2,
        stage.height / 2 - 10);
    }
    if (under) drawJointLabel(clip, values, under);
  }

  function drawJointLabel(clip, values, {joint, place}) {
    const name = words(clip.data.joints[joint]);
    const one = clip.explanation(state.chosen);
    const part = clip.data.parts.find((p) => p.joints.includes(joint));
    const value = one ? `  ${points(values[joint])}` : '';
    const whose = one && !one.joints && part ? ` (${words(part.name)})` : '';
    drawLabel(name + whose + value, place[0], place[1] - 34);
  }

  // Time -------------------------------------------------------------------

  let waiting = false;  // Whether a picture is asked for.
  let lastTick = null;

  const currentFrame = () =>
    Math.min(Math.floor(state.cursor), state.clip.frames - 1);

  /** Ask for a new picture; while it plays each one asks for the next. */
  function redraw() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(tick);
  }

  function tick(now) {
    waiting = false;
    if (state.playing) {
      // A page that was hidden goes on where it was.
      const passed = Math.min((now - (lastTick ?? now)) / 1000, 0.25);
      const rate = (state.clip.rate ?? USUAL_RATE) * state.speed;
      state.cursor = (state.cursor + passed * rate) % state.clip.frames;
    }
    lastTick = state.playing ? now : null;
    showFrame();
    if (state.playing) redraw();
  }

  function play(playing) {
    state.playing = playing && state.clip.frames > 1;
    const button = find('play');
    button.classList.toggle('playing', state.playing);
    button.setAttribute('aria-label', state.playing ? 'Pause' : 'Play');
    button.title = `${state.playing ? 'Pause' : 'Play'} (Space)`;
    redraw();
  }

  /** Go to a frame; what plays goes on from there. */
  function goTo(frame) {
    const {frames} = state.clip;
    state.cursor = Math.max(0, Math.min(frame, frames - 1));
    redraw();
  }

  function step(by) {
    play(false);
    const {frames} = state.clip;
    goTo((currentFrame() + by + frames) % frames);
  }

  function showFrame() {
    const {clip} = state;
    const frame = currentFrame();
    drawSkeleton();
    const track = find('track');
    const scrub = find('scrub');
    scrub.value = frame;
    scrub.setAttribute('aria-valuetext', clip.clock(frame));
    track.style.setProperty('--done',
      percents(frame / Math.max(clip.frames - 1, 1)));
    track.style.setProperty('--head', percents((frame + 0.5) / clip.frames));
    find('clock').textContent = clip.clock(frame);
    for (const cell of find('segments').children) {
      const now = frame >= cell.dataset.start && frame < cell.dataset.end;
      cell.classList.toggle('now', now);
      if (now) cell.setAttribute('aria-current', 'time');
      else cell.removeAttribute('aria-current');
    }
    if (clip.data.timeline) showTimelineFrame(frame);
  }

  // A clip -----------------------------------------------------------------

  function showClips() {
    const nav = find('clips');
    nav.hidden = page.clips.length < 2;
    find('page').classList.toggle('many', !nav.hidden);
    nav.append(...page.clips.map((clip, number) => {
      const best = clip.classes[0];
      const button = make('button', {type: 'button'},
        make('b', {}, clip.name));
      if (best) {
        button.append(make('span', {}, words(best.name)),
          make('span', {}, percent(best.probability)));
      }
      button.addEventListener('click', () => chooseClip(number));
      return button;
    }));
  }

  function chooseClip(number) {
    [...find('clips').children].forEach((button, i) => {
      if (i === number) button.setAttribute('aria-current', 'true');
      else button.removeAttribute('aria-current');
    });
    state.clip = new Clip(page.clips[number]);
    state.cursor = 0;
    const {clip} = state;
    find('track').style.setProperty('--frames', clip.frames);
    find('scrub').max = clip.frames - 1;
    find('play').disabled = find('scrub').disabled = clip.frames < 2;
    canvas.classList.toggle('turns', clip.is3d);
    find('hint').textContent =
      (clip.is3d ? 'Drag to turn, scroll to zoom' : 'Scroll to zoom')
      + (clip.rate || clip.frames < 2 ? ''
        : `; rate unknown, shown at ${USUAL_RATE} per second`);
    resetView();
    showAnswer();
    showNotes();
    showTimeline();
    showClasses();
    chooseClass(clip.data.classes[0]?.index ?? null);
    play(state.playing);
  }

  function showAnswer() {
    const {data} = state.clip;
    const best = data.classes[0];
    find('clip-name').textContent = best ? ` · ${data.name}` : '';
    find('answer').textContent = best ? words(best.name) : data.name;
    find('answer-probability').textContent =
      best ? percent(best.probability) : '';
    const verdict = find('verdict');
    const right = data.true === best?.index;
    const known = data.true !== null && best;
    const name = state.clip.className(data.true) || `number ${data.true}`;
    verdict.className = `chip verdict ${right ? 'right' : 'wrong'}`;
    verdict.textContent =
      !known ? '' : right ? '✓ true class' : `true class: ${name}`;
  }

  function showNotes() {
    find('notes').replaceChildren(...state.clip.data.notes.map(
      (note) => make('p', {class: 'notice'}, note)));
  }

  // Classes and values -----------------------------------------------------

  function showClasses() {
    const {data} = state.clip;
    const panel = find('classes');
    panel.querySelectorAll('label, p').forEach((old) => old.remove());
    find('reasons').hidden = !data.classes.length;
    document.querySelector('main').classList.toggle(
      'alone', !data.classes.length);
    for (const {index, name, probability} of data.classes) {
      const input = make('input',
        {type: 'radio', name: 'class', value: index});
      input.addEventListener('change', () => chooseClass(index));
      const label = make('span', {class: 'name'}, words(name));
      if (index === data.true) label.append(make('small', {}, ' true class'));
      const bar = make('span', {class: 'bar', 'aria-hidden': 'true'},
        make('i'));
      bar.firstChild.style.width = percents(probability);
      panel.append(make('label', {}, input, label, bar,
        make('span', {class: 'number'}, percent(probability))));
    }
    const listed = data.classes.some(({index}) => index === data.true);
    if (data.true !== null && !listed && data.classes.length) {
      panel.append(make('p', {class: 'aside'},
        `The true class, number ${data.true}, is none of these.`));
    }
  }

  function chooseClass(index) {
    state.chosen = index;
    const {clip} = state;
    for (const input of find('classes').querySelectorAll('input')) {
      input.checked = Number(input.value) === index;
    }
    const one = clip.explanation(index);
    find('sentence').textContent = one?.sentence ?? '';
    find('values').hidden = !one;
    find('legend').hidden = !one;
    showSegments(one);
    if (one) {
      showParts(one);
      showCombinations(one);
      showLegend(one);
    }
    canvas.setAttribute('aria-label', `Moving skeleton of ${clip.data.name}`
      + (one ? `, its joints coloured by what they add to “${
        clip.className(index)}”` : ''));
    redraw();
  }

  /** Go to the class above or below in the list. */
  function stepClass(by) {
    const {classes} = state.clip.data;
    const at = classes.findIndex(({index}) => index === state.chosen);
    const next = classes[(at + by + classes.length) % classes.length];
    chooseClass(next.index);
  }

  /** A row of a table of values, with a bar from the middle. */
  function valueRow(name, value, joints) {
    const bar = make('i', {
      class: value < 0 ? 'minus' : 'plus',
      '--size': percents(
        Math.min(Math.abs(value) / state.clip.partScale, 1) / 2),
    });
    const row = make('tr', {},
      make('th', {scope: 'row'}, name),
      make('td', {'aria-hidden': 'true'},
        make('div', {class: 'diverging'}, bar)),
      make('td', {}, points(value)));
    row.addEventListener('pointerenter', () => light(new Set(joints)));
    row.addEventListener('pointerleave', () => light(null));
    return row;
  }

  function light(joints) {
    state.lit = joints;
    redraw();
  }

  const endRow = (name, probability) => make('tr', {class: 'end'},
    make('th', {scope: 'row'}, name), make('td'),
    make('td', {}, percent(probability)));

  function showParts(one) {
    const {clip} = state;
    find('parts-title').textContent =
      `For and against “${clip.className(state.chosen)}”, percentage points`;
    find('parts').replaceChildren(make('tbody', {},
      endRow('No part moves', one.none),
      ...clip.data.parts.map((part, p) =>
        valueRow(capital(words(part.name)), one.parts[p], part.joints)),
      endRow('All parts move', one.all)));
  }

  function showCombinations(one) {
    const {parts} = state.clip.data;
    const best = one.combinations.slice(0, MOST_COMBINATIONS);
    find('combinations-panel').hidden = !best.length;
    find('combinations').replaceChildren(make('tbody', {},
      ...best.map(({parts: members, value}) => valueRow(
        // A line may end between parts, not within a name.
        capital(members.map((p) => words(parts[p].name)
          .replaceAll(' ', '\u00a0')).join(' + ')),
        value, members.flatMap((p) => parts[p].joints)))));
  }

  function showLegend(one) {
    const {clip} = state;
    const limit = clip.jointScale;
    const digits = limit < 0.1 ? 1 : 0;
    find('legend-title').textContent = `Percentage points for “${
      clip.className(state.chosen)}”, by ${
      one.joints ? 'joint' : 'body part'}`;
    find('legend-low').textContent = points(-limit, digits);
    find('legend-high').textContent = points(limit, digits);
  }

  /** Columns below the slider, each as long as its time. */
  function showSegments(one) {
    const {clip} = state;
    const strip = find('segments');
    const segments = one?.segments ?? [];
    strip.hidden = !segments.length;
    strip.replaceChildren(...segments.map(({start, end, value}) => {
      const share = Math.min(Math.abs(value) / clip.segmentScale, 1);
      const cell = make('button', {
        type: 'button',
        class: value < 0 ? 'minus' : 'plus',
        'data-start': start,
        'data-end': end,
        'aria-label': `${clip.time(start)} to ${clip.time(end)}: ${
          points(value)} points`,
        '--colour': diverging(Math.sign(value) * (0.35 + 0.65 * share)),
        '--size': percents(0.46 * share),
      }, make('i'), make('span', {'aria-hidden': 'true'}, points(value)));
      cell.title = cell.getAttribute('aria-label');
      cell.style.left = percents(start / clip.frames);
      cell.style.width = percents((end - start) / clip.frames);
      cell.addEventListener('click', () => goTo(start));
      return cell;
    }));
    thinSegments();
  }

  /** Leave out numbers that would run into each other. */
  function thinSegments() {
    const strip = find('segments');
    const widths = [...strip.children].map((cell) => cell.offsetWidth);
    strip.classList.toggle('dense', Math.min(...widths) < 44);
  }

  // The timeline of a recording --------------------------------------------

  const band = find('timeline-canvas');
  let timeline = null;  // Runs of windows, and how classes look.

  /** Frames of each window; what two of them share is halved. */
  function ownFrames(windows) {
    return windows.map((window, i) => {
      const {start, end} = window;
      const before = windows[i - 1]?.end ?? start;
      const after = windows[i + 1]?.start ?? end;
      return {...window, from: before > start ? (before + start) / 2 : start,
        to: after < end ? (after + end) / 2 : end};
    });
  }

  /** Join windows of one class that follow each other. */
  function joinRuns(windows) {
    const runs = [];
    for (const {index, from, to} of windows) {
      const last = runs.at(-1);
      if (last && last.index === index && last.to >= from) last.to = to;
      else runs.push({index, from, to});
    }
    return runs;
  }

  /** Colour and stripes of each class, the longest ones first. */
  function classLooks(runs, names) {
    const lengths = new Map();
    for (const {index, from, to} of runs) {
      lengths.set(index, (lengths.get(index) ?? 0) + to - from);
    }
    const order = [...lengths.keys()].filter((index) => index >= 0)
      .sort((a, b) => lengths.get(b) - lengths.get(a) || a - b);
    const looks = new Map(order.map((index, rank) => [index, {
      name: words(names[index]),
      colour: CLASS_COLOURS[rank % CLASS_COLOURS.length],
      striped: rank >= CLASS_COLOURS.length,
      length: lengths.get(index),
    }]));
    if (lengths.has(-1)) {
      looks.set(-1, {name: 'unknown', colour: 'var(--unknown)',
        striped: false, length: lengths.get(-1)});
    }
    return looks;
  }

  function showTimeline() {
    const {clip} = state;
    const data = clip.data.timeline;
    find('timeline').hidden = !data;
    if (!data) {
      timeline = null;
      return;
    }
    const windows = ownFrames(data.windows);
    const runs = joinRuns(windows);
    timeline = {windows, runs, looks: classLooks(runs, data.classes),
      picture: null};
    band.setAttribute('aria-valuemax', clip.frames - 1);
    find('timeline-key').replaceChildren(...[...timeline.looks.values()].map(
      ({name, colour, striped, length}) => make('li', {},
        make('i', {class: striped ? 'striped' : '', '--colour': colour}),
        `${name}, ${clip.rate ? `${(length / clip.rate).toFixed(1)} s`
          : `${Math.round(length)} frames`}`)));
  }

  const BAND = 30;  // Height of the classes; below it confidence, then times.
  const CONFIDENCE = [36, 68];

  /** Draw all but the line of the current frame, once per size. */
  function drawTimeline() {
    const {clip} = state;
    const {width, height} = fitCanvas(band);
    const brush = band.getContext('2d');
    const across = (frame) => frame / clip.frames * width;
    brush.font = '12px system-ui, "DejaVu Sans", sans-serif';
    brush.fillStyle = colours.panel;
    brush.fillRect(0, 0, width, CONFIDENCE[1]);
    for (const run of timeline.runs) drawRun(brush, run, across);
    brush.fillStyle = colours.neutral;
    for (const {from, to, confidence} of timeline.windows) {
      const tall = confidence * (CONFIDENCE[1] - CONFIDENCE[0]);
      brush.fillRect(across(from), CONFIDENCE[1] - tall,
        Math.max(across(to) - across(from), 0.5), tall);
    }
    drawTimes(brush, width, height, across);
    timeline.width = width;
    timeline.height = height;
    timeline.picture = document.createElement('canvas');
    timeline.picture.width = band.width;
    timeline.picture.height = band.height;
    timeline.picture.getContext('2d').drawImage(band, 0, 0);
  }

  function drawRun(brush, {index, from, to}, across) {
    const {name, colour, striped} = timeline.looks.get(index);
    const paint = index < 0 ? colours.unknown : colour;
    const [left, right] = [across(from), across(to)];
    brush.save();
    brush.beginPath();
    brush.rect(left, 0, Math.max(right - left - 1, 1), BAND);
    brush.clip();
    brush.fillStyle = paint;
    brush.fillRect(left, 0, right - left, BAND);
    if (striped) {
      brush.strokeStyle = colours.paper;
      brush.lineWidth = 1.5;
      for (let x = left - BAND; x < right; x += 7) {
        brush.beginPath();
        brush.moveTo(x, BAND);
        brush.lineTo(x + BAND, 0);
        brush.stroke();
      }
    }
    const room = brush.measureText(name).width;
    if (room + 10 < right - left) {
      if (striped) {
        brush.fillStyle = paint;
        brush.fillRect(left + 3, 6, room + 6, BAND - 12);
      }
      brush.fillStyle = contrasting(paint);
      brush.textBaseline = 'middle';
      brush.textAlign = 'left';
      brush.fillText(name, left + 6, BAND / 2 + 0.5);
    }
    brush.restore();
  }

  function drawTimes(brush, width, height, across) {
    const {clip} = state;
    const rate = clip.rate ?? 1;
    const least = 70 / width * clip.frames / rate;
    const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
    const every = clip.rate ? steps.find((s) => s >= least) ?? least
      : niceCeil(least);
    brush.fillStyle = colours.muted;
    brush.textBaseline = 'bottom';
    for (let time = 0; time * rate < clip.frames; time += every) {
      const x = across(time * rate);
      const text = clip.rate ? `${Math.floor(time / 60)}:${
        String(Math.round(time % 60)).padStart(2, '0')}` : String(time);
      const wide = brush.measureText(text).width;
      if (x + wide > width) break;
      brush.fillRect(x, CONFIDENCE[1], 1, 5);
      brush.fillText(text, x + (time ? -wide / 2 : 0), height);
    }
  }

  const windowAt = (frame) => timeline.windows.find(
    ({from, to}) => from <= frame + 0.5 && frame + 0.5 < to);

  function showTimelineFrame(frame) {
    const {clip} = state;
    if (!timeline.picture) drawTimeline();
    const brush = band.getContext('2d');
    const {width, height} = timeline;
    brush.clearRect(0, 0, width, height);
    brush.drawImage(timeline.picture, 0, 0, width, height);
    brush.fillStyle = colours.ink;
    const x = (frame + 0.5) / clip.frames * width;
    brush.fillRect(x - 1, 0, 2, CONFIDENCE[1]);
    const now = windowAt(frame);
    const text = !now ? 'no window' : now.index < 0
      ? `unknown, at most ${percent(now.confidence)}`
      : `${timeline.looks.get(now.index).name}, ${percent(now.confidence)}`;
    const said = `${clip.time(frame)}: ${text}`;
    find('timeline-now').textContent = said;
    band.setAttribute('aria-valuenow', frame);
    band.setAttribute('aria-valuetext', said);
  }

  /** Go to the next or the previous change of class. */
  function stepRun(by) {
    const frame = currentFrame();
    const starts = timeline.runs.map(({from}) => Math.ceil(from));
    goTo(by > 0 ? starts.find((start) => start > frame) ?? frame
      : starts.findLast((start) => start < frame) ?? 0);
  }

  // What the reader does ---------------------------------------------------

  function resetView() {
    Object.assign(state, {yaw: 0, zoom: 1, pitch: FIRST_PITCH});
    redraw();
  }

  function zoom(factor) {
    state.zoom = Math.max(0.25, Math.min(state.zoom * factor, 12));
    redraw();
  }

  function turn(yaw, pitch) {
    if (!state.clip.is3d) return;
    state.yaw += yaw;
    state.pitch = Math.max(-1.5, Math.min(state.pitch + pitch, 1.5));
    redraw();
  }

  function listenToCanvas() {
    const place = (event) => ({x: event.offsetX, y: event.offsetY});
    canvas.addEventListener('pointerdown', (event) => {
      canvas.setPointerCapture(event.pointerId);
      pointer = place(event);
    });
    canvas.addEventListener('pointermove', (event) => {
      const {x, y} = place(event);
      if (event.buttons && pointer) {
        // A finger that moves up or down scrolls the page.
        turn((x - pointer.x) * 0.01,
          event.pointerType === 'touch' ? 0 : (y - pointer.y) * 0.01);
      }
      pointer = {x, y};
      redraw();
    });
    canvas.addEventListener('pointerleave', () => {
      pointer = null;
      redraw();
    });
    canvas.addEventListener('wheel', (event) => {
      event.preventDefault();
      zoom(ZOOM_STEP ** (-event.deltaY / 100));
    }, {passive: false});
  }

  function listenToControls() {
    find('play').addEventListener('click', () => play(!state.playing));
    find('scrub').addEventListener('input', (event) =>
      goTo(Number(event.target.value)));
    find('speed').addEventListener('change', (event) => {
      state.speed = Number(event.target.value);
    });
    find('zoom-in').addEventListener('click', () => zoom(ZOOM_STEP));
    find('zoom-out').addEventListener('click', () => zoom(1 / ZOOM_STEP));
    find('reset').addEventListener('click', resetView);
    const seek = (event) => goTo(Math.floor(
      event.offsetX / band.clientWidth * state.clip.frames));
    band.addEventListener('pointerdown', (event) => {
      band.setPointerCapture(event.pointerId);
      seek(event);
    });
    band.addEventListener('pointermove', (event) => {
      if (event.buttons) seek(event);
    });
  }

  /** What a key does, or null where the browser does it. */
  function keyAction(event) {
    const {target, key} = event;
    if (target.tagName === 'SELECT' || event.ctrlKey || event.altKey
      || event.metaKey) return null;
    const sign = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1};
    const sideways = key === 'ArrowLeft' || key === 'ArrowRight';
    if (key in sign && event.shiftKey) {
      return () => turn(sideways ? 0.1 * sign[key] : 0,
        sideways ? 0 : 0.1 * sign[key]);
    }
    if (sideways) {
      return target === band ? () => stepRun(sign[key])
        : () => step(sign[key]);
    }
    if (key in sign) {
      return state.clip.data.classes.length > 1
        ? () => stepClass(sign[key]) : null;
    }
    if (key === ' ') {
      return ['BUTTON', 'SUMMARY'].includes(target.tagName) ? null
        : () => play(!state.playing);
    }
    return {
      Home: () => goTo(0),
      End: () => goTo(state.clip.frames - 1),
      '+': () => zoom(ZOOM_STEP),
      '-': () => zoom(1 / ZOOM_STEP),
    }[key] ?? null;
  }

  function listenToKeys() {
    document.addEventListener('keydown', (event) => {
      const act = keyAction(event);
      if (!act) return;
      event.preventDefault();
      act();
    });
  }

  function listenToSurroundings() {
    const resize = () => {
      stage = fitCanvas(canvas);
      if (timeline) timeline.picture = null;
      thinSegments();
      // Before the page is painted: a resized canvas is empty.
      showFrame();
    };
    const observer = new ResizeObserver(resize);
    observer.observe(canvas);
    observer.observe(band);
    prefers('color-scheme: dark').addEventListener('change', () => {
      readColours();
      chooseClass(state.chosen);
      resize();
    });
    stillness.addEventListener('change', (event) => {
      if (event.matches) play(false);
    });
  }

  readColours();
  showClips();
  chooseClip(0);
  stage = fitCanvas(canvas);
  listenToCanvas();
  listenToControls();
  listenToKeys();
  listenToSurroundings();
})();
