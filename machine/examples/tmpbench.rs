use ringzero_machine::{Config, IdeMedia, Machine, Media, OnIdle, storage::MemoryMedium};
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let image = std::fs::read(&args[1]).unwrap();
    let limit: u64 = args[3].parse().unwrap();
    let mut media = Media::default();
    if image.len() < 3 << 20 {
        media.floppies[0] = Some(Box::new(MemoryMedium::new(image)));
    } else {
        media.ide[0] = IdeMedia::Disk(Box::new(MemoryMedium::new(image)));
    }
    let mut m = Machine::new(Config::default(), media).unwrap();
    m.cpu_mut().record_blocks(args[2].parse().unwrap());
    let t = std::time::Instant::now();
    let s = m.run(limit, OnIdle::Jump);
    println!(
        "{s:?} {} MIPS {}",
        m.count() as f64 / 1e6 / t.elapsed().as_secs_f64(),
        m.cpu().recorder().blocks().count()
    );
}
