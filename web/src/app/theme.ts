/** The one theme file: tokens for Ant Design, light and dark, one accent. */
import theme from 'antd/es/theme';
import type { ThemeConfig } from 'antd/es/config-provider';
import { useSyncExternalStore } from 'react';
import type { ThemeChoice } from '../api/types';

const KEPT = 'ostov.theme';
const listeners = new Set<() => void>();
const dark = window.matchMedia('(prefers-color-scheme: dark)');
let choice: ThemeChoice = kept();

function kept(): ThemeChoice {
  const value = window.localStorage.getItem(KEPT);
  return value === 'light' || value === 'dark' ? value : 'system';
}

function paint(): void {
  document.documentElement.dataset.theme = themeIsDark() ? 'dark' : 'light';
  listeners.forEach((listener) => listener());
}

dark.addEventListener('change', paint);

export function themeIsDark(): boolean {
  return choice === 'dark' || (choice === 'system' && dark.matches);
}

export function themeSet(next: ThemeChoice): void {
  choice = next;
  window.localStorage.setItem(KEPT, next);
  paint();
}

export function themeStart(): void {
  paint();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useDark(): boolean {
  return useSyncExternalStore(subscribe, themeIsDark);
}

/** Fingers need more room than a mouse does: what is pressed is larger on a narrow screen. */
const FINGER = 40;
const FINGER_SMALL = 32;

/** The library dims what it is given for a dark page; what is read on one keeps the colours chosen here. */
const darkShades: typeof theme.darkAlgorithm = (seed, map) => ({ ...theme.darkAlgorithm(seed, map), colorLink: '#80b4e8', colorError: '#f08c88' });

export function themeConfig(isDark: boolean, still: boolean, narrow: boolean): ThemeConfig {
  const accent = isDark ? '#80b4e8' : '#2f5d8c';
  return {
    algorithm: isDark ? darkShades : theme.defaultAlgorithm,
    cssVar: { key: 'ostov' },
    hashed: false,
    token: {
      colorPrimary: isDark ? '#3d7ab8' : '#2f5d8c',
      // White letters are read on it while the mouse is over it, too.
      colorPrimaryHover: isDark ? '#3570a9' : '#3a6c9e',
      // What is chosen: rows, options, entries of a menu. Derived from the accent they would be grey.
      colorPrimaryBg: isDark ? '#1c2b3b' : '#e6eef6',
      colorPrimaryBgHover: isDark ? '#22364a' : '#d8e4f0',
      colorInfo: accent,
      colorLink: accent,
      colorLinkHover: isDark ? '#a3cbf2' : '#24496f',
      colorTextDescription: isDark ? 'rgba(255,255,255,0.62)' : 'rgba(0,0,0,0.6)',
      colorTextTertiary: isDark ? 'rgba(255,255,255,0.62)' : 'rgba(0,0,0,0.6)',
      colorTextPlaceholder: isDark ? 'rgba(255,255,255,0.55)' : 'rgba(0,0,0,0.58)',
      colorBgLayout: isDark ? '#121417' : '#f6f7f9',
      colorBgContainer: isDark ? '#1a1d21' : '#ffffff',
      colorBgElevated: isDark ? '#22262b' : '#ffffff',
      colorError: '#c22f2b',
      borderRadius: 6,
      ...(narrow ? { controlHeight: FINGER, controlHeightSM: FINGER_SMALL } : {}),
      fontSize: 14,
      fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif',
      motion: !still,
      motionDurationSlow: '0.18s',
      motionDurationMid: '0.14s',
      motionDurationFast: '0.08s',
      wireframe: false,
    },
    components: {
      Table: { cellPaddingBlockSM: 8, headerBorderRadius: 0, cellPaddingInlineSM: 10 },
      Layout: { siderBg: isDark ? '#17191d' : '#ffffff', bodyBg: isDark ? '#121417' : '#f6f7f9' },
      Tabs: { itemSelectedColor: accent, itemHoverColor: accent, itemActiveColor: accent, inkBarColor: accent },
      Menu: { itemHeight: 36, activeBarBorderWidth: 0 },
      Button: { defaultHoverColor: accent, defaultActiveColor: accent, defaultHoverBorderColor: accent, defaultActiveBorderColor: accent },
      DatePicker: { colorTextDisabled: isDark ? 'rgba(255,255,255,0.55)' : 'rgba(0,0,0,0.58)', ...(narrow ? { cellWidth: 38 } : {}) },
      Dropdown: { colorPrimary: accent, ...(narrow ? { paddingBlock: 9 } : {}) },
    },
  };
}
